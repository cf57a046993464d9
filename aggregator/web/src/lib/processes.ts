// Process tables: which process is which, groups of them, and what changed between two tables.
import type { Process } from "./schema";
import { parseTime } from "./time";

// A PID is given again, so a process is its PID and the moment it began.
export const processKey = (p: Process): string => `${p.process_id}@${p.started_at ?? ""}`;

export interface ProcessRef {
  pid: number;
  startedAt: string | null;
}

export function readProcessRef(text: string | undefined): ProcessRef | null {
  const parts = /^(\d+)@(.*)$/.exec(text ?? "");
  return parts ? { pid: Number(parts[1]), startedAt: parts[2] || null } : null;
}

// The start is computed from the clock at boot, which may still have been corrected.
const SAME_START_S = 2;

function sameLife(a: Process, b: Process): boolean {
  const one = parseTime(a.started_at);
  const other = parseTime(b.started_at);
  if (one === null || other === null) return a.process_name === b.process_name;
  return Math.abs(one - other) <= SAME_START_S;
}

export type GroupBy = "name" | "user" | "unit" | "container";

export interface Group {
  key: string;
  count: number;
  cpu: number | null;
  memory: number | null;
  memoryPercent: number | null;
  read: number | null;
  written: number | null;
  threads: number | null;
}

const KEYS: Record<GroupBy, (p: Process) => string | null> = {
  name: (p) => p.process_name,
  user: (p) => p.username,
  unit: (p) => p.unit,
  container: (p) => p.container_id,
};

// The sum of what is known; unknown if nothing is.
function sum(rows: Process[], value: (p: Process) => number | null): number | null {
  const known = rows.map(value).filter((v): v is number => v !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

export function groups(processes: Process[], by: GroupBy): Group[] {
  const parts = new Map<string, Process[]>();
  for (const process of processes) {
    const key = KEYS[by](process) ?? "";
    const part = parts.get(key);
    if (part) part.push(process);
    else parts.set(key, [process]);
  }
  return [...parts].map(([key, rows]) => ({
    key,
    count: rows.length,
    cpu: sum(rows, (p) => p.cpu_percent),
    memory: sum(rows, (p) => p.memory_mb),
    memoryPercent: sum(rows, (p) => p.memory_percent),
    read: sum(rows, (p) => p.disk_read_bytes),
    written: sum(rows, (p) => p.disk_write_bytes),
    threads: sum(rows, (p) => p.num_threads),
  }));
}

export type Change = "new" | "gone" | "grown" | "shrunk" | "restarted" | "same";

export interface Difference {
  change: Change;
  before: Process | null;
  after: Process | null;
  cpu: number | null; // points
  memory: number | null; // MiB
}

const MEMORY_SHARE = 0.1;
const MEMORY_LEAST_MB = 4;
const CPU_LEAST = 10;

function minus(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || a === undefined || b === null || b === undefined ? null : a - b;
}

function changeOf(before: Process, memory: number | null, cpu: number | null): Change {
  const least = Math.max(MEMORY_LEAST_MB, (before.memory_mb ?? 0) * MEMORY_SHARE);
  if ((memory ?? 0) >= least || (cpu ?? 0) >= CPU_LEAST) return "grown";
  if ((memory ?? 0) <= -least) return "shrunk";
  return "same";
}

function difference(change: Change | null, before: Process | null, after: Process | null): Difference {
  const cpu = minus(after?.cpu_percent, before?.cpu_percent);
  const memory = minus(after?.memory_mb, before?.memory_mb);
  return { change: change ?? changeOf(before!, memory, cpu), before, after, cpu, memory };
}

// What the same program is after a restart: name, user and unit.
const program = (p: Process) => JSON.stringify([p.process_name, p.username, p.unit, p.container_id]);

export function compare(before: Process[], after: Process[]): Difference[] {
  const earlier = new Map(before.map((p) => [p.process_id, p]));
  const out: Difference[] = [];
  const fresh: Process[] = [];
  for (const process of after) {
    const old = earlier.get(process.process_id);
    if (old && sameLife(old, process)) {
      earlier.delete(process.process_id);
      out.push(difference(null, old, process));
    } else fresh.push(process);
  }
  const gone = new Map<string, Process[]>();
  for (const process of earlier.values()) gone.set(program(process), [...(gone.get(program(process)) ?? []), process]);
  for (const process of fresh) {
    const old = gone.get(program(process))?.shift();
    out.push(difference(old ? "restarted" : "new", old ?? null, process));
  }
  for (const left of gone.values()) for (const process of left) out.push(difference("gone", process, null));
  return out;
}
