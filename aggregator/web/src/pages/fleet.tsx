// All hosts: open alerts on top, then a table.
import { useMemo } from "preact/hooks";
import { AlertStrip } from "../parts/severity_strip";
import { DataTable, type Column } from "../parts/data_table";
import { Choice, FilterBox } from "../parts/filter_box";
import { Meter, StatusWord, When } from "../parts/marks";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { byteRate, count, duration, plain } from "../lib/format";
import { fleet, hosts, openAlerts, type FleetRow } from "../lib/fleet";
import { fleetResource } from "../lib/live";
import { go, href, route, setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";

const ORDER: Record<string, number> = { down: 0, stale: 1, up: 2 };

const COLUMNS: Column<FleetRow>[] = [
  {
    id: "name", title: "Host", value: (r) => r.host.hostname, className: "name",
    render: (r) => <a href={href(["hosts", r.host.hostname])} title={r.host.hostname}>{r.host.hostname}</a>,
  },
  {
    id: "status", title: "Status", value: (r) => ORDER[r.host.status],
    help: "up: reports as agreed; stale: late; down: silent for long",
    render: (r) => <StatusWord word={r.host.status} />,
  },
  { id: "alerts", title: "Alerts", numeric: true, priority: 3, value: (r) => r.alerts?.length, render: (r) => <AlertCount row={r} /> },
  {
    id: "cpu", title: "CPU", numeric: true, value: (r) => r.now?.cpu_usage, help: "Share of time that all cores together were busy",
    render: (r) => <Meter value={r.now?.cpu_usage} />,
  },
  {
    id: "memory", title: "Memory", numeric: true, priority: 2, value: (r) => r.now?.memory_usage, help: "Memory that is not available to programs",
    render: (r) => <Meter value={r.now?.memory_usage} />,
  },
  {
    id: "disk", title: "Disk /", numeric: true, priority: 2, value: (r) => r.now?.disk_usage, help: "How full the root file system is",
    render: (r) => <Meter value={r.now?.disk_usage} />,
  },
  {
    id: "load", title: "Load", numeric: true, priority: 3, value: (r) => r.now?.load_avg_1min, help: "Tasks that ran or waited, averaged over one minute",
    render: (r) => plain(r.now?.load_avg_1min),
  },
  {
    id: "net", title: "Network", numeric: true, priority: 3, help: "Received and sent, without the loopback interface",
    value: (r) => (r.now?.network_receive_bytes_per_sec ?? null) === null ? null : r.now!.network_receive_bytes_per_sec! + (r.now!.network_transmit_bytes_per_sec ?? 0),
    render: (r) => <Traffic row={r} />,
  },
  { id: "processes", title: "Processes", numeric: true, priority: 4, value: (r) => r.now?.process_count, render: (r) => count(r.now?.process_count) },
  { id: "uptime", title: "Uptime", numeric: true, priority: 4, value: (r) => r.now?.uptime_seconds, render: (r) => duration(r.now?.uptime_seconds) },
  { id: "agent", title: "Agent", priority: 4, value: (r) => r.host.agent_version, render: (r) => r.host.agent_version ?? "–" },
  { id: "seen", title: "Last seen", priority: 2, value: (r) => r.host.last_seen, render: (r) => <When at={r.host.last_seen} /> },
];

function AlertCount({ row }: { row: FleetRow }) {
  if (!row.alerts) return <span class="muted">–</span>;
  if (row.alerts.length === 0) return <span class="muted">0</span>;
  return <a href={href(["alerts"], { host: row.host.hostname })}>{row.alerts.length}</a>;
}

function Traffic({ row }: { row: FleetRow }) {
  const now = row.now;
  if (now?.network_receive_bytes_per_sec === null || now?.network_receive_bytes_per_sec === undefined) return <span class="muted">–</span>;
  return <span>{byteRate(now.network_receive_bytes_per_sec)} in, {byteRate(now.network_transmit_bytes_per_sec)} out</span>;
}

export function FleetPage() {
  const { query } = route.value;
  const source = fleetResource.value;
  const status = query.status ?? "all";
  const filter = query.q ?? "";
  const sort = readSort(query.sort, { column: "name", descending: false });
  const rows = fleet.value;
  const shown = useMemo(
    () =>
      rows.filter(
        ({ host, alerts }) =>
          (status === "all" || (status === "alerting" ? !!alerts?.length : host.status === status)) &&
          matches(filter, [host.hostname, host.os, host.agent_version, ...Object.values(host.labels)]),
      ),
    [rows, status, filter],
  );
  const counts = new Map<string, number>();
  for (const { host } of rows) counts.set(host.status, (counts.get(host.status) ?? 0) + 1);

  return (
    <>
      <div class="head">
        <h1>Hosts</h1>
        <span class="muted">
          {hosts.value
            ? `${rows.length} in all: ${counts.get("up") ?? 0} up, ${counts.get("stale") ?? 0} stale, ${counts.get("down") ?? 0} down`
            : source.error && "unknown now"}
        </span>
        <div class="end"><a class="button" href={href(["system"], { add: 1 })}>Add a host</a></div>
      </div>
      <AlertStrip alerts={openAlerts.value} />
      {hosts.value === undefined ? (
        source.error ? <Failure error={source.error} reload={source.reload} /> : <Loading what="hosts" />
      ) : (
        <>
          {source.error && <Outdated error={source.error} reload={source.reload} />}
          <div class="toolbar">
            <FilterBox value={query.q} label="Filter hosts" />
            <Choice label="Status" name="status" value={status} options={[["all", "All"], ["up", "Up"], ["stale", "Stale"], ["down", "Down"], ["alerting", "With alerts"]]} />
          </div>
          <div class="panel">
            <DataTable
              caption="Hosts with their newest figures"
              columns={COLUMNS}
              rows={shown}
              rowKey={(r) => r.host.hostname}
              sort={sort}
              onSort={(s) => setQuery({ sort: writeSort(s) })}
              onOpen={(r) => go(["hosts", r.host.hostname])}
              rowClass={(r) => (r.host.status === "up" ? undefined : "stale")}
              empty={
                rows.length === 0 ? (
                  <Empty title="No host reports yet"><a href={href(["system"], { add: 1 })}>Add the first one</a></Empty>
                ) : (
                  <Empty title="No host fits the filter">
                    <button type="button" onClick={() => setQuery({ q: undefined, status: undefined })}>Show all</button>
                  </Empty>
                )
              }
            />
          </div>
        </>
      )}
    </>
  );
}
