// Chooses a moment: by step, by clock time, or by a slider that spans the range of the chart.
import { useEffect, useState } from "preact/hooks";
import { absolute, iso, shortIso, type Range } from "../lib/time";
import { setQuery } from "../lib/router";

interface Props {
  name: "t" | "vs"; // the word in the address
  label: string;
  time: number;
}

interface BarProps extends Props {
  live: boolean; // follows the present
  step: number;
  shown: number | null; // when the table that is seen at `time` was taken
}

export function MomentBar({ name, label, time, live, step, shown }: BarProps) {
  const choose = (value: number) => setQuery({ [name]: iso(value) }, "push");
  // Tables are not exactly a step apart: half a step beyond a table's own moment finds its neighbour.
  const taken = shown ?? time;
  const later = taken + 1.5 * step > time ? taken + 1.5 * step : time + step;
  const earlier = taken - 0.5 * step;
  const id = `moment-${name}`;
  return (
    <div class="moment">
      <label for={id}>{label}</label>
      <button type="button" class="icon" aria-label={`${label}: one step earlier`} title="One step earlier" onClick={() => choose(earlier)}>◀</button>
      <input
        id={id}
        type="datetime-local"
        step={1}
        value={absolute(time).replace(" ", "T")}
        onChange={(event) => {
          const chosen = new Date(event.currentTarget.value).getTime() / 1000;
          if (Number.isFinite(chosen)) choose(chosen);
        }}
      />
      <button type="button" class="icon" aria-label={`${label}: one step later`} title="One step later" disabled={live} onClick={() => choose(later)}>▶</button>
      {name === "t" && <button type="button" disabled={live} onClick={() => setQuery({ t: undefined }, "push")}>Now</button>}
    </div>
  );
}

export function MomentSlider({ name, label, time, range }: Props & { range: Range }) {
  const [dragged, setDragged] = useState<number | null>(null);
  useEffect(() => setDragged(null), [time]);
  const shown = dragged ?? time;
  return (
    <div class="moment-slider">
      <input
        type="range"
        aria-label={`${label}, on the range of the chart`}
        aria-valuetext={absolute(shown)}
        title={`${label}: ${absolute(shown)}`}
        min={Math.floor(range.from)}
        max={Math.ceil(range.to)}
        step={1}
        value={Math.round(shown)}
        onInput={(event) => setDragged(Number(event.currentTarget.value))}
        onChange={(event) => setQuery({ [name]: shortIso(Number(event.currentTarget.value)) }, "push")}
      />
    </div>
  );
}
