// Which time the charts of a page show; kept in the address.
import { setQuery } from "../lib/router";
import { absolute, RANGES, type Range, shortIso, zone } from "../lib/time";

export function zoomTo(from: number, to: number): void {
  setQuery({ range: undefined, from: shortIso(Math.floor(from)), to: shortIso(Math.ceil(to)) }, "push");
}

export function RangePicker({ range }: { range: Range }) {
  const span = range.to - range.from;
  const shift = (by: number) => zoomTo(range.from + by * span, range.to + by * span);
  return (
    <div class="toolbar" role="group" aria-label="Time range">
      {!range.live && (
        <>
          <span class="muted" title={zone}>{absolute(range.from)} – {absolute(range.to)}</span>
          <button type="button" class="icon" aria-label="Earlier" title="Earlier" onClick={() => shift(-0.5)}>◀</button>
          <button type="button" class="icon" aria-label="Later" title="Later" onClick={() => shift(0.5)}>▶</button>
          <button type="button" onClick={() => zoomTo(range.from - span / 2, range.to + span / 2)}>Zoom out</button>
        </>
      )}
      <div class="segments">
        {RANGES.map(([name, , label]) => (
          <button
            type="button"
            key={name}
            aria-pressed={range.name === name}
            onClick={() => setQuery({ range: name, from: undefined, to: undefined }, "push")}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}
