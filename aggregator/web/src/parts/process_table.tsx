// The process table of one moment, whole or in groups.
import { useMemo } from "preact/hooks";
import { bytes, count, mebibytes, percent } from "../lib/format";
import { groups, processKey, type Group, type GroupBy } from "../lib/processes";
import { setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";
import { parseTime } from "../lib/time";
import type { Process } from "../lib/schema";
import { DataTable, type Column } from "./data_table";
import { When } from "./marks";
import { Empty } from "./states";

export const NAME: Column<Process> = {
  id: "name", title: "Name", value: (p) => p.process_name, className: "name",
  render: (p) => <span title={p.cmdline ?? p.process_name}>{p.process_name}</span>,
};
export const PID: Column<Process> = { id: "pid", title: "PID", numeric: true, value: (p) => p.process_id, render: (p) => p.process_id };

const COLUMNS: Column<Process>[] = [
  NAME,
  PID,
  { id: "user", title: "User", priority: 2, value: (p) => p.username, render: (p) => p.username ?? "–" },
  { id: "cpu", title: "CPU", numeric: true, help: "100 % is one core kept busy", value: (p) => p.cpu_percent, render: (p) => percent(p.cpu_percent) },
  { id: "memory", title: "Memory", numeric: true, help: "Resident memory, shared parts included", value: (p) => p.memory_mb, render: (p) => mebibytes(p.memory_mb) },
  { id: "share", title: "Of host", numeric: true, priority: 3, help: "Resident memory as a share of the host’s", value: (p) => p.memory_percent, render: (p) => percent(p.memory_percent) },
  { id: "read", title: "Read", numeric: true, priority: 3, help: "Data read from disks since the process began", value: (p) => p.disk_read_bytes, render: (p) => bytes(p.disk_read_bytes) },
  { id: "written", title: "Written", numeric: true, priority: 3, help: "Data written to disks since the process began", value: (p) => p.disk_write_bytes, render: (p) => bytes(p.disk_write_bytes) },
  { id: "threads", title: "Threads", numeric: true, priority: 4, value: (p) => p.num_threads, render: (p) => count(p.num_threads) },
  { id: "files", title: "Files", numeric: true, priority: 4, help: "Files and sockets it has open", value: (p) => p.fd_count, render: (p) => count(p.fd_count) },
  { id: "state", title: "State", priority: 3, value: (p) => p.status, render: (p) => p.status ?? "–" },
  { id: "started", title: "Started", priority: 3, value: (p) => parseTime(p.started_at), render: (p) => <When at={p.started_at} /> },
  { id: "unit", title: "Unit", priority: 4, className: "clip", help: "The service it belongs to", value: (p) => p.unit, render: (p) => p.unit ?? "–" },
];

export const GROUPINGS: [value: string, label: string][] = [
  ["none", "Each"],
  ["name", "By name"],
  ["user", "By user"],
  ["unit", "By unit"],
  ["container", "By container"],
];

export const texts = (p: Process) => [p.process_name, p.process_id, p.username, p.unit, p.container_id, p.cmdline];

interface Props {
  processes: Process[];
  query: Record<string, string>;
  selected: string | undefined;
}

export function ProcessTable({ processes, query, selected }: Props) {
  const filter = query.q ?? "";
  const rows = useMemo(() => processes.filter((p) => matches(filter, texts(p))), [processes, filter]);
  const by = GROUPINGS.find(([word]) => word === query.group)?.[0];
  if (by && by !== "none") return <GroupTable rows={rows} by={by as GroupBy} sort={query.sort} />;
  return (
    <DataTable
      caption="Processes"
      columns={COLUMNS}
      rows={rows}
      rowKey={processKey}
      sort={readSort(query.sort, { column: "cpu", descending: true })}
      onSort={(s) => setQuery({ sort: writeSort(s) })}
      onOpen={(p) => setQuery({ p: processKey(p) }, "push")}
      selected={selected}
      empty={<Empty title="No process fits the filter"><button type="button" onClick={() => setQuery({ q: undefined })}>Show all</button></Empty>}
    />
  );
}

function GroupTable({ rows, by, sort }: { rows: Process[]; by: GroupBy; sort: string | undefined }) {
  const parts = useMemo(() => groups(rows, by), [rows, by]);
  const columns: Column<Group>[] = [
    { id: "name", title: by[0]!.toUpperCase() + by.slice(1), className: "name", value: (g) => g.key, render: (g) => g.key || `without a ${by}` },
    { id: "count", title: "Processes", numeric: true, value: (g) => g.count, render: (g) => count(g.count) },
    { id: "cpu", title: "CPU", numeric: true, value: (g) => g.cpu, render: (g) => percent(g.cpu) },
    { id: "memory", title: "Memory", numeric: true, help: "Sum of resident memory; shared parts are counted in each", value: (g) => g.memory, render: (g) => mebibytes(g.memory) },
    { id: "share", title: "Of host", numeric: true, priority: 2, value: (g) => g.memoryPercent, render: (g) => percent(g.memoryPercent) },
    { id: "read", title: "Read", numeric: true, priority: 3, value: (g) => g.read, render: (g) => bytes(g.read) },
    { id: "written", title: "Written", numeric: true, priority: 3, value: (g) => g.written, render: (g) => bytes(g.written) },
    { id: "threads", title: "Threads", numeric: true, priority: 2, value: (g) => g.threads, render: (g) => count(g.threads) },
  ];
  return (
    <DataTable
      caption={`Processes by ${by}`}
      columns={columns}
      rows={parts}
      rowKey={(g) => g.key}
      sort={readSort(sort, { column: "cpu", descending: true })}
      onSort={(s) => setQuery({ sort: writeSort(s) })}
      onOpen={(g) => setQuery({ group: undefined, q: g.key }, "push")}
      empty={<Empty title="No process fits the filter" />}
    />
  );
}
