// Health checks of services: the last checks as a bar, uptime, response times, last error.
import { get } from "../lib/api";
import { milliseconds, percent } from "../lib/format";
import { serviceTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { go, href, route, setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";
import { parseTime } from "../lib/time";
import type { CheckedService } from "../lib/schema";
import { Beats, newestFirst } from "../parts/beats";
import { DataTable, type Column } from "../parts/data_table";
import { FilterBox } from "../parts/filter_box";
import { StatusWord, When } from "../parts/marks";
import { Empty, Loaded } from "../parts/states";

const BEATS = 30;
const ORDER: Record<string, number> = { unhealthy: 0, timeout: 1, unknown: 2, healthy: 3 };

const lastError = (s: CheckedService): string | null => s.error_message ?? newestFirst(s.recent).find((c) => c.error_message)?.error_message ?? null;

const COLUMNS: Column<CheckedService>[] = [
  { id: "name", title: "Service", className: "name", value: (s) => s.service_name, render: (s) => <a href={href(["services", s.service_name])}>{s.service_name}</a> },
  { id: "status", title: "State", value: (s) => ORDER[s.status], render: (s) => <StatusWord word={s.status} /> },
  { id: "beats", title: "Last checks", priority: 2, render: (s) => <Beats checks={s.recent} most={BEATS} /> },
  { id: "day", title: "24 h", numeric: true, help: "Share of the checks that were healthy", value: (s) => s.uptime_24h_percent, render: (s) => percent(s.uptime_24h_percent) },
  { id: "month", title: "30 d", numeric: true, priority: 3, help: "Share of the checks that were healthy", value: (s) => s.uptime_30d_percent, render: (s) => percent(s.uptime_30d_percent) },
  { id: "time", title: "Response", numeric: true, priority: 2, value: (s) => s.response_time_ms, render: (s) => milliseconds(s.response_time_ms) },
  { id: "error", title: "Last error", priority: 3, className: "clip", value: lastError, render: (s) => <span title={lastError(s) ?? undefined}>{lastError(s) ?? "–"}</span> },
  { id: "checked", title: "Checked", priority: 4, value: (s) => parseTime(s.last_checked), render: (s) => <When at={s.last_checked} /> },
];

export function ServicesPage() {
  const { query } = route.value;
  const loaded = useResource(`services\n${serviceTurn.value}`, (signal) => get(["services"], { recent: BEATS }, signal), 15);
  const filter = query.q ?? "";
  return (
    <>
      <div class="head"><h1>Services</h1></div>
      <div class="toolbar"><FilterBox value={query.q} label="Filter services" /></div>
      <div class="panel">
        <Loaded from={loaded} what="services">
          {(services) => (
            <DataTable
              caption="Services and their last health checks"
              columns={COLUMNS}
              rows={services.filter((s) => matches(filter, [s.service_name, s.endpoint, s.status, lastError(s)]))}
              rowKey={(s) => s.service_name}
              sort={readSort(query.sort, { column: "status", descending: false })}
              onSort={(s) => setQuery({ sort: writeSort(s) })}
              onOpen={(s) => go(["services", s.service_name])}
              empty={services.length === 0 ? <Empty title="No service is checked">The setting <code>SERVICE_ENDPOINTS</code> of the server names them, <code>CHORUS_AGENT_SERVICE_ENDPOINTS</code> those that the agent of a host checks.</Empty> : <Empty title="No service fits the filter" />}
            />
          )}
        </Loaded>
      </div>
    </>
  );
}
