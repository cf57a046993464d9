// One process: what it is, how it did over the range, and what happened to it.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { get } from "../lib/api";
import { bytes, count, duration, mebibytes, percent } from "../lib/format";
import { onEscape } from "../lib/keys";
import { processKey, type ProcessRef } from "../lib/processes";
import { useResource } from "../lib/resource";
import { setQuery } from "../lib/router";
import { linesOf, pointsFor, type ChartData } from "../lib/series";
import { absolute, iso, parseTime, type Range } from "../lib/time";
import type { Host, Process } from "../lib/schema";
import { Chart } from "./chart";
import { EVENT_NAMES } from "./host_events";
import { Pairs } from "./lists";
import { When } from "./marks";
import { zoomTo } from "./range_picker";
import { explain } from "./states";
import type { Unit } from "../lib/format";
import { guarded } from "./guard";

interface Props {
  host: Host;
  which: ProcessRef;
  range: Range;
  processes: Process[]; // of the tables that are shown
}

export const ProcessDetail = guarded("The process", function ProcessDetail({ host, which, range, processes }: Props) {
  const close = () => setQuery({ p: undefined }, "push");
  useEffect(() => onEscape(close), []);
  const key = `${which.pid}@${which.startedAt ?? ""}`;
  const now = processes.find((p) => processKey(p) === key);
  // A process that ends while it is looked at keeps its name.
  const name = useRef<string | undefined>(undefined);
  name.current = now?.process_name ?? name.current;
  const title = name.current ?? `PID ${which.pid}`;
  return (
    <aside class="panel detail sticky" aria-label={`Process ${title}`}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="icon" aria-label="Close" title="Close (Esc)" onClick={close}>✕</button>
      </header>
      <div class="body stack">
        {now ? <Facts p={now} /> : <p class="muted">It is not in the table of the chosen moment.</p>}
        <History host={host} which={which} range={range} />
        <Events host={host} which={which} name={name.current} range={range} />
      </div>
    </aside>
  );
});

function Facts({ p }: { p: Process }) {
  const started = parseTime(p.started_at);
  const at = parseTime(p.timestamp) ?? 0;
  return <Pairs of={[
    ["PID", <>{p.process_id}{p.ppid !== null && <span class="muted">, child of {p.ppid}</span>}</>],
    ["User", p.username ?? "–"],
    ["State", p.status ?? "–"],
    ["Started", started === null ? "–" : <>{absolute(started)}<span class="muted">, ran {duration(at - started)}</span></>],
    ["CPU", <>{percent(p.cpu_percent)}{p.children_cpu_percent ? <span class="muted">, ended children {percent(p.children_cpu_percent)}</span> : null}</>],
    ["Memory", <>{mebibytes(p.memory_mb)}<span class="muted">, {percent(p.memory_percent)} of the host</span></>],
    ["Own share", p.memory_pss_mb === null ? null : <span title="Shared memory divided by the number of those who share it (PSS)">{mebibytes(p.memory_pss_mb)}</span>],
    ["Swapped out", p.memory_swap_mb === null ? null : mebibytes(p.memory_swap_mb)],
    ["Threads", count(p.num_threads)],
    ["Open files", <>{count(p.fd_count)}{p.fd_limit !== null && <span class="muted"> of {count(p.fd_limit)}</span>}</>],
    ["Disk", <>{bytes(p.disk_read_bytes)} read, {bytes(p.disk_write_bytes)} written</>],
    ["Unit", p.unit],
    ["Container", p.container_id && p.container_id.slice(0, 12)],
    ["Command", p.cmdline && <code>{p.cmdline}</code>],
  ]} />;
}

// Counters since the process began, as rates between two steps.
function rates(t: number[], values: (number | null)[]): (number | null)[] {
  let before = -1;
  return values.map((value, i) => {
    if (value === null) return null;
    const last = before;
    before = i;
    if (last < 0) return null;
    const grown = value - values[last]!;
    return grown < 0 ? null : grown / (t[i]! - t[last]!);
  });
}

const CHARTS: { title: string; unit: Unit; lines: { metric: string; label: string }[]; counter?: boolean }[] = [
  { title: "CPU", unit: "percent", lines: [{ metric: "cpu_percent", label: "of one core" }] },
  { title: "Memory", unit: "mb", lines: [{ metric: "memory_mb", label: "resident" }] },
  { title: "Disk", unit: "bytes_per_sec", counter: true, lines: [{ metric: "disk_read_bytes", label: "read" }, { metric: "disk_write_bytes", label: "written" }] },
  { title: "Threads and files", unit: "count", lines: [{ metric: "num_threads", label: "threads" }, { metric: "fd_count", label: "open files" }] },
];

function History({ host, which, range }: { host: Host; which: ProcessRef; range: Range }) {
  const key = [which.pid, which.startedAt, range.live ? range.name : `${range.from} ${range.to}`].join("\n");
  const loaded = useResource(
    key,
    async (signal) => {
      const to = range.live ? Date.now() / 1000 : range.to;
      const from = to - (range.to - range.from);
      const answer = await get(
        ["processes", "series"],
        {
          hostname: host.hostname, process_id: which.pid, started_at: which.startedAt ?? undefined,
          start: iso(from), end: iso(to), max_points: pointsFor(to - from, host.interval_seconds),
        },
        signal,
      );
      return { answer, from, to };
    },
    range.live ? Math.max(10, host.interval_seconds) : 0,
  );
  const charts = useMemo(() => {
    const data = loaded.data;
    if (!data) return [];
    return CHARTS.map((spec) => {
      const { data: chart } = linesOf(data.answer, spec.lines, host.interval_seconds);
      const drawn: ChartData = spec.counter
        ? { ...chart, lines: chart.lines.map((l) => ({ ...l, values: rates(chart.t, l.values) })) }
        : chart;
      return { spec, drawn };
    }).filter(({ drawn }) => drawn.lines.some((l) => l.values.some((v) => v !== null)));
  }, [loaded.data]);
  if (!loaded.data) return <p class="muted">{loaded.error ? `Its history: ${explain(loaded.error)}` : "Loading its history…"}</p>;
  if (charts.length === 0) return <p class="muted">It did not run within the chosen range.</p>;
  return (
    <div class="history">
      {charts.map(({ spec, drawn }) => (
        <section key={spec.title} aria-label={`${spec.title} of the process`}>
          <h3>{spec.title}</h3>
          <Chart title={`${spec.title} of the process`} data={drawn} unit={spec.unit} from={loaded.data!.from} to={loaded.data!.to} height={105} onZoom={zoomTo} onPick={(time) => setQuery({ t: iso(Math.round(time)) }, "push")} />
        </section>
      ))}
    </div>
  );
}

function Events({ host, which, name, range }: { host: Host; which: ProcessRef; name: string | undefined; range: Range }) {
  const loaded = useResource(`${which.pid}\n${range.name}${range.live ? "" : range.from}`, (signal) => {
    const to = range.live ? Date.now() / 1000 : range.to;
    return get(["events"], { hostname: host.hostname, start_time: iso(to - (range.to - range.from)), end_time: iso(to), limit: 1000 }, signal);
  });
  const own = (loaded.data ?? []).filter((e) => e.detail.pid === which.pid || (e.event_type === "oom_kill" && name !== undefined && e.detail.process_name === name));
  if (own.length === 0) return null;
  return (
    <section aria-label="Events of the process">
      <h3>Events</h3>
      <ul class="timeline">
        {own.slice(0, 20).map((event) => (
          <li key={event.id}>{EVENT_NAMES[event.event_type] ?? event.event_type} <span class="muted"><When at={event.timestamp} exact /></span></li>
        ))}
      </ul>
    </section>
  );
}
