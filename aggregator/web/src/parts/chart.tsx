// One uPlot chart: cursors of a page move together, dragging chooses a range, gaps stay gaps.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { format, type Unit } from "../lib/format";
import { figures, withGaps, type ChartData } from "../lib/series";
import { themeTurn } from "../lib/theme_state";
import { absolute } from "../lib/time";
import { marksPlugin, type Mark } from "./chart_marks";
import { FigureTable } from "./figure_table";

interface Props {
  title: string;
  data: ChartData;
  unit: Unit;
  from: number;
  to: number;
  height?: number;
  top?: number | undefined; // the axis reaches at least this value
  marks?: Mark[];
  moment?: number | null; // where the page's chosen moment is drawn
  onZoom?: (from: number, to: number) => void;
  onPick?: (time: number) => void; // a click
  below?: ComponentChildren; // directly under the plot
}

const HEIGHT = 170;
const SYNC = uPlot.sync("page");
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const lineColour = (i: number) => `--c${(i % 8) + 1}`;

export function Chart(props: Props) {
  const { data, unit } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor] = useState(() => signal<number | null>(null));
  const latest = useRef(props);
  latest.current = props;
  const labels = data.lines.map((line) => line.label).join("\n");
  const theme = themeTurn.value;

  const aligned = useMemo(
    () => [data.t, ...data.lines.map((line) => withGaps(data.t, line.values, data.spacing))] as uPlot.AlignedData,
    [data],
  );

  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(options(latest, element, cursor), aligned, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: latest.current.height ?? HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [labels, unit, theme]);

  useEffect(() => {
    plot.current?.batch((u: uPlot) => {
      u.setData(aligned, false);
      u.setScale("x", { min: props.from, max: props.to });
    });
  }, [aligned, props.from, props.to]);
  useEffect(() => plot.current?.redraw(false), [props.marks, props.moment]);

  return (
    <>
      <Legend data={data} unit={unit} cursor={cursor} />
      <div class="chart">
        <div class="plot" ref={box} style={{ minHeight: `${props.height ?? HEIGHT}px` }} role="img" aria-label={`${props.title}. ${summary(data, unit)}`} />
        {props.below}
      </div>
      <FigureTable title={props.title} data={data} unit={unit} />
    </>
  );
}

function summary(data: ChartData, unit: Unit): string {
  const parts = data.lines.map((line) => {
    const f = figures(line.values);
    return f
      ? `${line.label}: last ${format(unit, f.last)}, average ${format(unit, f.avg)}, from ${format(unit, f.min)} to ${format(unit, f.max)}`
      : `${line.label}: no values`;
  });
  return parts.join("; ");
}

interface LegendProps {
  data: ChartData;
  unit: Unit;
  cursor: { value: number | null };
}

function Legend({ data, unit, cursor }: LegendProps) {
  const at = cursor.value;
  return (
    <ul class="legend">
      {data.lines.map((line, i) => (
        <li key={line.label}>
          <i style={{ "--swatch": `var(${lineColour(i)})` }} />
          <span class="label">{line.label}</span>
          <b>{format(unit, at === null ? (figures(line.values)?.last ?? null) : (line.values[at] ?? null))}</b>
        </li>
      ))}
      {at !== null && <li>{absolute(data.t[at] ?? 0)}</li>}
    </ul>
  );
}

function options(latest: { current: Props }, element: HTMLElement, cursor: { value: number | null }): uPlot.Options {
  const { data, unit } = latest.current;
  const text = css("--muted");
  const grid = { stroke: css("--line"), width: 1 };
  return {
    width: Math.max(200, element.clientWidth),
    height: latest.current.height ?? HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      sync: { key: SYNC.key },
      drag: { x: true, y: false, setScale: false },
      focus: { prox: -1 },
      points: { size: 5 },
    },
    scales: {
      x: { time: true, range: () => [latest.current.from, latest.current.to] },
      y: { range: (_u, min, max) => yRange(min, max, latest.current.top) },
    },
    axes: [
      { stroke: text, grid, ticks: grid, font: "11px system-ui, sans-serif", space: 76, size: 28, values: (_u, splits, _a, _s, step) => timeLabels(splits, step) },
      {
        stroke: text, grid, ticks: { show: false }, font: "11px system-ui, sans-serif", size: 66, gap: 4,
        space: 32,
        values: (_u, splits) => splits.map((v) => axisLabel(unit, v)),
        ...(BINARY.has(unit) ? { incrs: BINARY_STEPS } : {}),
      },
    ],
    series: [
      {},
      ...data.lines.map((line, i) => ({
        label: line.label,
        stroke: css(lineColour(i)),
        width: 1.5,
        points: { show: (u: uPlot, si: number) => isolated(u, si), size: 4 },
      })),
    ],
    hooks: {
      setCursor: [(u) => { cursor.value = u.cursor.idx ?? null; }],
      setSelect: [
        (u) => {
          if (u.select.width < 6) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          latest.current.onZoom?.(from, to);
        },
      ],
      ready: [
        (u) => {
          let pressedAt = 0;
          u.over.addEventListener("mousedown", (e) => (pressedAt = e.clientX));
          u.over.addEventListener("click", (e) => {
            if (Math.abs(e.clientX - pressedAt) > 4 || u.cursor.left === undefined || u.cursor.left < 0) return;
            latest.current.onPick?.(u.posToVal(u.cursor.left, "x"));
          });
        },
      ],
    },
    plugins: [marksPlugin(() => latest.current.marks ?? [], () => latest.current.moment ?? null)],
  };
}

const BINARY = new Set<Unit>(["bytes", "bytes_per_sec", "mb"]);
const BINARY_STEPS = Array.from({ length: 45 }, (_, i) => 2 ** i);

const axisLabel = (unit: Unit, value: number) => format(unit, value).replace(/\.0(?= )|\.0$/, "");

// Clock times; the day where it changes, and alone where a step is a day or more.
function timeLabels(splits: number[], step: number): string[] {
  let before = "";
  return splits.map((time, i) => {
    const [day = "", clock = ""] = absolute(time).split(" ");
    const short = day.slice(5);
    if (step >= 86400) return short;
    const text = step < 60 ? clock : clock.slice(0, 5);
    const turned = i > 0 && day !== before;
    before = day;
    return turned ? short : text;
  });
}

// From zero, with a little air; below zero only where lines are drawn there.
function yRange(min: number | null, max: number | null, top?: number): [number, number] {
  const high = Math.max(max ?? 0, top ?? 0);
  const low = Math.min(0, min ?? 0);
  if (high === 0 && low === 0) return [0, 1];
  const air = top !== undefined && high <= top ? 0 : (high - low) * 0.08;
  return [low === 0 ? 0 : low - air, high + air];
}

// A sample with a gap on either side would be invisible as a line.
function isolated(u: uPlot, series: number): boolean {
  const values = u.data[series] as (number | null | undefined)[];
  let run = 0;
  for (const value of values) {
    if (value === null) {
      if (run === 1) return true;
      run = 0;
    } else if (value !== undefined) ++run;
  }
  return run === 1;
}
