// One service: response times and uptime over a range, its last checks and what went wrong.
import { useMemo } from "preact/hooks";
import { get } from "../lib/api";
import { duration, milliseconds, percent } from "../lib/format";
import { serviceTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { href, route } from "../lib/router";
import { absolute, clock, parseTime } from "../lib/time";
import type { CheckedService, ServiceHistory } from "../lib/schema";
import { Beats, newestFirst } from "../parts/beats";
import { Chart } from "../parts/chart";
import { Choice } from "../parts/filter_box";
import { Facts } from "../parts/lists";
import { StatusWord, When } from "../parts/marks";
import { PlainTable } from "../parts/plain_table";
import { Empty, Loaded } from "../parts/states";

const HOURS: [string, string][] = [["24", "24 h"], ["168", "7 d"], ["720", "30 d"]];

export function ServicePage() {
  const name = route.value.path[1]!;
  const hours = route.value.query.hours ?? "24";
  const loaded = useResource(
    `${name}\n${hours}\n${serviceTurn.value}`,
    async (signal) => {
      const services = await get(["services"], { recent: 60 }, signal);
      const service = services.find((s) => s.service_name === name);
      if (!service) return null;
      return { service, history: await get(["services", name, "history"], { hours: Number(hours), limit: 500 }, signal) };
    },
    15,
  );
  return (
    <Loaded from={loaded} what="the service">
      {(data) =>
        data ? <Detail {...data} hours={hours} /> : (
          <div class="panel"><Empty title="No such service is checked"><a href={href(["services"])}>To the services</a></Empty></div>
        )
      }
    </Loaded>
  );
}

function Detail({ service, history, hours }: { service: CheckedService; history: ServiceHistory; hours: string }) {
  const chart = useMemo(
    () => ({
      t: history.t,
      lines: [
        { label: "average", values: history.response_time_ms.avg },
        { label: "slowest", values: history.response_time_ms.max },
      ],
      spacing: Math.max(service.interval_seconds, history.step_seconds),
    }),
    [history],
  );
  const faults = newestFirst(history.checks).filter((c) => c.status !== "healthy");
  const since = parseTime(service.status_since);
  const now = clock.peek();
  return (
    <>
      <div class="head">
        <h1>{service.service_name}</h1>
        <StatusWord word={service.status} />
        <div class="end"><Choice label="Time range" name="hours" value={hours} options={HOURS} /></div>
      </div>
      <Facts
        of={[
          ["Address", <code>{service.endpoint}</code>],
          ["So for", since === null ? null : duration(clock.value - since)],
          ["Checked", <When at={service.last_checked} />],
          ["Every", duration(service.interval_seconds)],
          ["Response", milliseconds(service.response_time_ms)],
          ["Healthy in 24 h", percent(service.uptime_24h_percent)],
          ["in 7 d", percent(service.uptime_7d_percent)],
          ["in 30 d", percent(service.uptime_30d_percent)],
          ["Certificate ends in", service.tls_expires_in_days === null ? null : `${service.tls_expires_in_days} d`],
          ["Last checks", <Beats checks={service.recent} most={60} />],
        ]}
      />
      {service.error_message && <div class="notice bad wrap">{service.error_message}</div>}
      <section class="panel" aria-label="Response time">
        <header><h2>Response time</h2></header>
        {history.response_time_ms.max.some((v) => v !== null) ? (
          <Chart title="Response time" data={chart} unit="ms" from={history.t[0] ?? now - 3600} to={now} />
        ) : (
          <div class="body"><p class="muted">It did not answer in this time.</p></div>
        )}
      </section>
      <section class="panel" aria-label="Failures">
        <header><h2>Failures</h2><span class="muted">of the last {history.checks.length} checks</span></header>
        <div class="body">
          {faults.length === 0 ? <p class="muted">None.</p> : (
            <PlainTable
              caption="Failed checks, newest first"
              heads={[["When"], ["State"], ["Error", "clip"]]}
              rows={faults.slice(0, 50).map((c) => ({ key: c.timestamp, cells: [absolute(parseTime(c.timestamp) ?? 0), <StatusWord word={c.status} />, <span title={c.error_message ?? undefined}>{c.error_message}</span>] }))}
            />
          )}
        </div>
      </section>
    </>
  );
}
