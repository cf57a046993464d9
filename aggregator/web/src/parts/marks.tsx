// Small marks inside text: status, severity, meters, times. Never colour alone.
import { percent } from "../lib/format";
import { absolute, ago, clock, parseTime, zone } from "../lib/time";
import type { Severity } from "../lib/schema";

export type Tone = "ok" | "warn" | "bad" | "off";

const SHAPES: Record<Tone, string> = {
  ok: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z",
  warn: "M6 1l5.5 10H.5z",
  bad: "M2 2h8v8H2z",
  off: "M6 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zm0 1.6a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2z",
};

export function Status({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span class="status" data-tone={tone}>
      <svg viewBox="0 0 12 12" aria-hidden="true"><path d={SHAPES[tone]} fill="currentColor" /></svg>
      {text}
    </span>
  );
}

const TONES: Record<string, Tone> = {
  up: "ok", healthy: "ok", ready: "ok", resolved: "ok", connected: "ok",
  stale: "warn", timeout: "warn", acknowledged: "warn", degraded: "warn",
  down: "bad", unhealthy: "bad", active: "bad", unavailable: "bad", error: "bad",
};

export const toneOf = (word: string): Tone => TONES[word] ?? "off";
export const StatusWord = ({ word }: { word: string }) => <Status tone={toneOf(word)} text={word} />;

export const SeverityMark = ({ severity }: { severity: Severity }) => (
  <span class="severity" data-severity={severity}>{severity}</span>
);

export function Meter({ value, warn = 80, bad = 90 }: { value: number | null | undefined; warn?: number; bad?: number }) {
  const known = value !== null && value !== undefined;
  const level = !known || value < warn ? undefined : value < bad ? "warn" : "bad";
  return (
    <span class="meter">
      <span>{percent(value)}</span>
      <span class="track" aria-hidden="true">
        {known && <i data-level={level} style={{ width: `${Math.min(100, Math.max(0, value))}%` }} />}
      </span>
    </span>
  );
}

// "3 min ago", with the exact moment on hover; `exact` turns it round.
export function When({ at, exact }: { at: string | number | null | undefined; exact?: boolean }) {
  const seconds = typeof at === "number" ? at : parseTime(at);
  if (seconds === null) return <span class="muted">–</span>;
  const moment = absolute(seconds);
  const relative = ago(seconds, clock.value);
  return (
    <time class="nowrap" dateTime={new Date(seconds * 1000).toISOString()} title={exact ? `${relative} (${zone})` : `${moment} (${zone})`}>
      {exact ? moment : relative}
    </time>
  );
}
