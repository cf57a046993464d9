// From the API's columns to what a chart draws.
import type { SeriesAnswer } from "./schema";

export interface Line {
  label: string;
  values: (number | null)[];
}

export interface ChartData {
  t: number[];
  lines: Line[];
  spacing: number; // seconds between two samples where none is missing
}

export interface LineSpec {
  metric: string;
  label?: string; // of a series without a tag; else the tag's value is used
  suffix?: string; // told behind the tag's value: "sda read"
  skip?: (tag: string) => boolean;
}

const tagOf = (tags: Record<string, string>): string => Object.values(tags)[0] ?? "";
const highest = (values: (number | null)[]) => values.reduce<number>((m, v) => Math.max(m, Math.abs(v ?? 0)), 0);

// The lines in the order of the specs; of breakdowns with many parts the `most` largest.
export function linesOf(answer: SeriesAnswer, specs: LineSpec[], interval: number, most = 8): { data: ChartData; hidden: number } {
  let lines: Line[] = [];
  for (const spec of specs) {
    for (const series of answer.series) {
      if (series.metric_type !== spec.metric) continue;
      const tag = tagOf(series.tags);
      // A sum over all parts stands beside its parts under the same name; charts show one or the other.
      if (spec.label !== undefined ? tag !== "" : tag === "" || spec.skip?.(tag)) continue;
      const label = spec.label ?? `${tag}${spec.suffix ? ` ${spec.suffix}` : ""}`;
      lines.push({ label, values: series.avg });
    }
  }
  const all = lines.length;
  // Of many parts those that do nothing say nothing.
  if (all > 4) {
    const busy = lines.filter((line) => highest(line.values) > 0);
    if (busy.length > 0 && specs.some((spec) => spec.label === undefined)) lines = busy;
  }
  if (lines.length > most) {
    const kept = new Set([...lines].sort((a, b) => highest(b.values) - highest(a.values)).slice(0, most));
    lines = lines.filter((line) => kept.has(line));
  }
  return {
    data: { t: answer.t, lines, spacing: Math.max(interval, answer.step_seconds) },
    hidden: all - lines.length,
  };
}

// A bucket without a sample is a gap only where more than two samples are missing; uPlot joins over
// `undefined` and breaks at `null`.
export function withGaps(t: number[], values: (number | null)[], spacing: number): (number | null | undefined)[] {
  const out: (number | null | undefined)[] = [...values];
  let before = -1;
  for (let i = 0; i < values.length; ++i) {
    if (values[i] === null) continue;
    if (before >= 0 && i - before > 1 && t[i]! - t[before]! <= 2.5 * spacing) out.fill(undefined, before + 1, i);
    before = i;
  }
  return out;
}

export interface Figures {
  min: number;
  avg: number;
  max: number;
  last: number;
}

export function figures(values: (number | null)[]): Figures | null {
  const known = values.filter((v): v is number => v !== null);
  if (known.length === 0) return null;
  return {
    min: Math.min(...known),
    avg: known.reduce((a, b) => a + b, 0) / known.length,
    max: Math.max(...known),
    last: known.at(-1)!,
  };
}

// More points than samples would only make holes; two more than intervals, because the ends of a range
// begin and end in the middle of a step.
export const pointsFor = (seconds: number, interval: number): number =>
  Math.max(10, Math.min(362, Math.floor(seconds / Math.max(1, interval)) + 2));
