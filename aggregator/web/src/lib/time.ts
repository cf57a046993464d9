// Moments and ranges. Times are seconds since 1970 unless a name says otherwise.
import { signal } from "@preact/signals";
import { duration } from "./format";

// Ticks slowly: it only moves "3 min ago".
export const clock = signal(Date.now() / 1000);
setInterval(() => (clock.value = Date.now() / 1000), 5000);

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const two = (n: number) => String(n).padStart(2, "0");

// Local time of the browser, sortable: 2026-01-31 14:05:09.
export function absolute(seconds: number, withSeconds = true): string {
  const d = new Date(seconds * 1000);
  if (Number.isNaN(d.getTime())) return "";
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return `${day} ${time}${withSeconds ? `:${two(d.getSeconds())}` : ""}`;
}

export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms / 1000;
}

export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
// The API tells milliseconds, tables are kept to the microsecond: one millisecond later the table is
// there. iso() cuts what is beyond a millisecond off, and seconds as a number are not exact.
export const atTable = (time: string | null): string | null => (time === null ? null : iso((parseTime(time) ?? 0) + 0.0015));
// For addresses: no fraction when there is none.
export const shortIso = (seconds: number): string => iso(seconds).replace(/\.000Z$/, "Z");

export function ago(seconds: number, now = clock.value): string {
  const age = now - seconds;
  if (age < -5) return `in ${duration(-age)}`;
  if (age < 5) return "just now";
  const [largest, unit] = duration(age).split(" ");
  return `${largest} ${unit} ago`;
}

export interface Range {
  from: number;
  to: number;
  live: boolean; // ends now and moves on
  name: string; // "1h", or "" for a chosen one
}

export const RANGES: [name: string, seconds: number, label: string][] = [
  ["15m", 900, "15 min"],
  ["1h", 3600, "1 h"],
  ["6h", 21600, "6 h"],
  ["24h", 86400, "24 h"],
  ["7d", 604800, "7 d"],
  ["30d", 2592000, "30 d"],
];

export function readRange(query: Record<string, string>, now: number, fallback = "1h"): Range {
  const from = parseTime(query.from);
  const to = parseTime(query.to);
  if (from !== null && to !== null && from < to) return { from, to, live: false, name: "" };
  const found = RANGES.find(([name]) => name === query.range) ?? RANGES.find(([name]) => name === fallback)!;
  return { from: now - found[1], to: now, live: true, name: found[0] };
}
