// The agents: version, interval, clock skew, and what waits in their spools.
import { get } from "../lib/api";
import { count, duration, milliseconds } from "../lib/format";
import { hosts } from "../lib/fleet";
import { fleetResource } from "../lib/live";
import { useResource } from "../lib/resource";
import { go, href, route, setQuery } from "../lib/router";
import { readSort, writeSort } from "../lib/sorting";
import { iso, parseTime } from "../lib/time";
import type { Host } from "../lib/schema";
import { DataTable, type Column } from "./data_table";
import { StatusWord, When } from "./marks";
import { Empty, Failure, Loading } from "./states";
import { guarded } from "./guard";

interface Row {
  host: Host;
  waiting: number | undefined;
}

const COLUMNS: Column<Row>[] = [
  { id: "host", title: "Host", className: "name", value: (r) => r.host.hostname, render: (r) => <a href={href(["hosts", r.host.hostname])}>{r.host.hostname}</a> },
  { id: "status", title: "State", value: (r) => r.host.status, render: (r) => <StatusWord word={r.host.status} /> },
  { id: "version", title: "Agent", value: (r) => r.host.agent_version, render: (r) => r.host.agent_version ?? "–" },
  { id: "interval", title: "Every", numeric: true, priority: 2, help: "How often it collects", value: (r) => r.host.interval_seconds, render: (r) => duration(r.host.interval_seconds) },
  { id: "skew", title: "Clock skew", numeric: true, priority: 2, help: "How far the host’s clock differs from the server’s", value: (r) => Math.abs(r.host.clock_skew_ms ?? 0), render: (r) => milliseconds(r.host.clock_skew_ms) },
  { id: "spool", title: "Waiting", numeric: true, priority: 3, help: "Batches that the agent keeps because they could not be delivered", value: (r) => r.waiting, render: (r) => count(r.waiting) },
  { id: "os", title: "System", priority: 4, className: "clip", value: (r) => r.host.os, render: (r) => r.host.os ?? "–" },
  { id: "seen", title: "Last seen", value: (r) => parseTime(r.host.last_seen), render: (r) => <When at={r.host.last_seen} /> },
];

export const Agents = guarded("The agents", function Agents() {
  const source = fleetResource.value;
  const spools = useResource(
    "spools",
    (signal) => get(["metrics", "system"], { metric_type: "agent_spool_batches_count", start_time: iso(Date.now() / 1000 - 120), limit: 1000 }, signal),
    30,
  );
  // Newest first: the first of a host counts.
  const waiting = new Map<string, number>();
  for (const m of spools.data ?? []) if (!waiting.has(m.hostname)) waiting.set(m.hostname, m.metric_value);
  const rows = (hosts.value ?? []).map((host) => ({ host, waiting: waiting.get(host.hostname) }));
  return (
    <section class="panel" aria-label="Agents">
      <header><h2>Agents</h2><span class="muted">{hosts.value && rows.length}</span></header>
      {hosts.value === undefined ? (source.error ? <Failure error={source.error} reload={source.reload} /> : <Loading what="agents" />) : (
        <DataTable
          caption="Agents"
          columns={COLUMNS}
          rows={rows}
          rowKey={(r) => r.host.hostname}
          sort={readSort(route.value.query.sort, { column: "host", descending: false })}
          onSort={(s) => setQuery({ sort: writeSort(s) })}
          onOpen={(r) => go(["hosts", r.host.hostname])}
          empty={<Empty title="No agent has reported yet"><button type="button" onClick={() => setQuery({ add: 1 })}>Add a host</button></Empty>}
        />
      )}
    </section>
  );
});
