// Health checks of services: the last checks as a bar, uptime, response times, last error.
import { get } from "../lib/api";
import { milliseconds, percent } from "../lib/format";
import { serviceTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { go, href, route, setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";
import { parseTime } from "../lib/time";
import { Beats, summarise, type Check, type ServiceHealth } from "../parts/beats";
import { DataTable, type Column } from "../parts/data_table";
import { FilterBox } from "../parts/filter_box";
import { StatusWord, When } from "../parts/marks";
import { Empty, Loaded } from "../parts/states";

const HISTORY = 30;

interface Row {
  service: ServiceHealth;
  checks: Check[] | undefined;
}

const ORDER: Record<string, number> = { unhealthy: 0, timeout: 1, unknown: 2, healthy: 3 };

const COLUMNS: Column<Row>[] = [
  { id: "name", title: "Service", className: "name", value: (r) => r.service.service_name, render: (r) => <a href={href(["services", r.service.service_name])}>{r.service.service_name}</a> },
  { id: "status", title: "State", value: (r) => ORDER[r.service.status], render: (r) => <StatusWord word={r.service.status} /> },
  { id: "beats", title: "Last checks", priority: 2, render: (r) => <Beats checks={r.checks} most={HISTORY} /> },
  { id: "uptime", title: "Healthy", numeric: true, priority: 2, help: "Share of the checks shown that were healthy", value: (r) => summarise(r.checks).uptime, render: (r) => percent(summarise(r.checks).uptime) },
  { id: "time", title: "Response", numeric: true, value: (r) => r.service.response_time_ms, render: (r) => milliseconds(r.service.response_time_ms) },
  { id: "endpoint", title: "Address", priority: 4, className: "clip", value: (r) => r.service.endpoint, render: (r) => <span title={r.service.endpoint}>{r.service.endpoint}</span> },
  { id: "error", title: "Last error", priority: 3, className: "clip", value: (r) => r.service.error_message, render: (r) => <span title={r.service.error_message ?? undefined}>{r.service.error_message ?? "–"}</span> },
  { id: "checked", title: "Checked", priority: 3, value: (r) => parseTime(r.service.last_checked), render: (r) => <When at={r.service.last_checked} /> },
];

export async function checksOf(name: string, limit: number, signal: AbortSignal): Promise<Check[]> {
  const answer = await get<Check[] | { checks: Check[] }>(["services", name, "history"], { limit }, signal);
  return Array.isArray(answer) ? answer : answer.checks;
}

export function ServicesPage() {
  const { query } = route.value;
  const loaded = useResource(
    `services\n${serviceTurn.value}`,
    async (signal) => {
      const services = await get<ServiceHealth[]>(["system", "health"], {}, signal);
      const checks = await Promise.all(services.map((s) => checksOf(s.service_name, HISTORY, signal).catch(() => undefined)));
      return services.map((service, i) => ({ service, checks: checks[i] }));
    },
    30,
  );
  const filter = query.q ?? "";
  return (
    <>
      <div class="head"><h1>Services</h1></div>
      <div class="toolbar"><FilterBox value={query.q} label="Filter services" /></div>
      <div class="panel">
        <Loaded from={loaded} what="services">
          {(rows) => (
            <DataTable
              caption="Services and their last health checks"
              columns={COLUMNS}
              rows={rows.filter(({ service: s }) => matches(filter, [s.service_name, s.endpoint, s.status, s.error_message]))}
              rowKey={(r) => r.service.service_name}
              sort={readSort(query.sort, { column: "status", descending: false })}
              onSort={(s) => setQuery({ sort: writeSort(s) })}
              onOpen={(r) => go(["services", r.service.service_name])}
              empty={rows.length === 0 ? <Empty title="No service is checked">The setting <code>SERVICE_ENDPOINTS</code> of the server names them.</Empty> : <Empty title="No service fits the filter" />}
            />
          )}
        </Loaded>
      </div>
    </>
  );
}
