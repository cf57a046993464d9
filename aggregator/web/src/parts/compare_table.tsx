// What changed between two process tables.
import { useMemo } from "preact/hooks";
import { mebibytes, percent, UNKNOWN } from "../lib/format";
import { compare, processKey, type Change, type Difference } from "../lib/processes";
import { setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";
import type { Process } from "../lib/schema";
import { DataTable, type Column } from "./data_table";
import { Choice } from "./filter_box";
import { When } from "./marks";
import { texts } from "./process_table";
import { Empty } from "./states";

const SIGNS: Record<Change, string> = { new: "+ new", gone: "− gone", grown: "▲ grown", shrunk: "▼ shrunk", restarted: "↻ restarted", same: "same" };
const ORDER: Change[] = ["new", "gone", "restarted", "grown", "shrunk", "same"];

const current = (d: Difference): Process => (d.after ?? d.before)!;
const signed = (value: number | null, text: (v: number) => string): string =>
  value === null ? UNKNOWN : Math.abs(value) < 0.05 ? "0" : `${value > 0 ? "+" : "−"}${text(Math.abs(value))}`;

const COLUMNS: Column<Difference>[] = [
  { id: "name", title: "Name", className: "name", value: (d) => current(d).process_name, render: (d) => <span title={current(d).cmdline ?? undefined}>{current(d).process_name}</span> },
  {
    id: "change", title: "Change", value: (d) => ORDER.indexOf(d.change),
    help: "Restarted: ended, and the same program of the same user and unit began. Grown: 10 % and 4 MiB more memory, or 10 points more CPU",
    render: (d) => <span class={`change-${d.change}`}>{SIGNS[d.change]}</span>,
  },
  { id: "pid", title: "PID", numeric: true, value: (d) => current(d).process_id, render: (d) => <Pids d={d} /> },
  { id: "user", title: "User", priority: 2, value: (d) => current(d).username, render: (d) => current(d).username ?? UNKNOWN },
  { id: "cpu", title: "CPU", numeric: true, priority: 2, value: (d) => d.cpu, render: (d) => signed(d.cpu, percent), help: "Change in points" },
  { id: "memory", title: "Memory", numeric: true, value: (d) => d.memory ?? (d.after ? d.after.memory_mb : null), render: (d) => <MemoryChange d={d} /> },
  { id: "was", title: "Was", numeric: true, priority: 3, value: (d) => d.before?.memory_mb, render: (d) => mebibytes(d.before?.memory_mb) },
  { id: "is", title: "Is", numeric: true, priority: 3, value: (d) => d.after?.memory_mb, render: (d) => mebibytes(d.after?.memory_mb) },
  { id: "started", title: "Started", priority: 4, render: (d) => <When at={current(d).started_at} /> },
];

const Pids = ({ d }: { d: Difference }) => (
  <>{d.before && d.after && d.before.process_id !== d.after.process_id ? `${d.before.process_id} → ${d.after.process_id}` : current(d).process_id}</>
);

const MemoryChange = ({ d }: { d: Difference }) => (
  <>{d.before && d.after ? signed(d.memory, mebibytes) : mebibytes(current(d).memory_mb)}</>
);

interface Props {
  before: Process[];
  after: Process[];
  query: Record<string, string>;
}

export function CompareTable({ before, after, query }: Props) {
  const all = useMemo(() => compare(before, after), [before, after]);
  const counts = new Map<Change, number>();
  for (const d of all) counts.set(d.change, (counts.get(d.change) ?? 0) + 1);
  const wanted = query.change ?? "changed";
  const filter = query.q ?? "";
  const rows = all.filter(
    (d) => (wanted === "all" || (wanted === "changed" ? d.change !== "same" : d.change === wanted)) && matches(filter, texts(current(d))),
  );
  const option = (change: Change): [string, string] => [change, `${change} ${counts.get(change) ?? 0}`];
  return (
    <>
      <div class="toolbar compare-filter">
        <Choice label="Change" name="change" value={wanted} options={[["changed", "Changed"], option("new"), option("gone"), option("restarted"), option("grown"), option("shrunk"), ["all", `all ${all.length}`]]} />
      </div>
      <DataTable
        caption="Processes that changed between the two moments"
        columns={COLUMNS}
        rows={rows}
        rowKey={(d) => `${d.change} ${processKey(current(d))}`}
        sort={readSort(query.sort, { column: "change", descending: false })}
        onSort={(s) => setQuery({ sort: writeSort(s) })}
        onOpen={(d) => setQuery({ p: processKey(current(d)) }, "push")}
        empty={<Empty title="Nothing changed in this way between the two moments" />}
      />
    </>
  );
}
