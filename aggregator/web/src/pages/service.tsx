// One service: response times over its last checks, and what went wrong.
import { useMemo } from "preact/hooks";
import { get } from "../lib/api";
import { milliseconds, percent } from "../lib/format";
import { serviceTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { href, route } from "../lib/router";
import { Beats, momentOf, newestFirst, summarise, type Check, type ServiceHealth } from "../parts/beats";
import { Chart } from "../parts/chart";
import { Facts } from "../parts/lists";
import { StatusWord, When } from "../parts/marks";
import { Empty, Loaded } from "../parts/states";
import { checksOf } from "./services";

const MOST = 500;

export function ServicePage() {
  const name = route.value.path[1]!;
  const loaded = useResource(
    `${name}\n${serviceTurn.value}`,
    async (signal) => {
      const [services, checks] = await Promise.all([
        get<ServiceHealth[]>(["system", "health"], {}, signal),
        checksOf(name, MOST, signal).catch((): Check[] => []),
      ]);
      return { service: services.find((s) => s.service_name === name), checks: newestFirst(checks) };
    },
    30,
  );
  return (
    <Loaded from={loaded} what="the service">
      {({ service, checks }) =>
        service ? <Detail service={service} checks={checks} /> : (
          <div class="panel"><Empty title="No such service is checked"><a href={href(["services"])}>To the services</a></Empty></div>
        )
      }
    </Loaded>
  );
}

function Detail({ service, checks }: { service: ServiceHealth; checks: Check[] }) {
  const chart = useMemo(() => {
    const ordered = [...checks].reverse();
    const t = ordered.map(momentOf);
    const steps = t.slice(1).map((time, i) => time - t[i]!).sort((a, b) => a - b);
    return {
      data: { t, lines: [{ label: "response time", values: ordered.map((c) => c.response_time_ms) }], spacing: steps[steps.length >> 1] ?? 60 },
      from: t[0] ?? 0,
      to: t.at(-1) ?? 1,
    };
  }, [checks]);
  const faults = checks.filter((c) => c.status !== "healthy" && c.status !== "unknown");
  return (
    <>
      <div class="head"><h1>{service.service_name}</h1><StatusWord word={service.status} /></div>
      <Facts
        of={[
          ["Address", <code>{service.endpoint}</code>],
          ["Checked", <When at={service.last_checked} />],
          ["Response", milliseconds(service.response_time_ms)],
          ["Healthy", `${percent(summarise(checks).uptime)} of ${checks.length} checks`],
          ["Last checks", <Beats checks={checks} most={60} />],
        ]}
      />
      {service.error_message && <div class="notice bad wrap">{service.error_message}</div>}
      {checks.length > 1 && (
        <section class="panel" aria-label="Response time">
          <header><h2>Response time</h2></header>
          <Chart title="Response time" data={chart.data} unit="ms" from={chart.from} to={chart.to} />
        </section>
      )}
      <section class="panel" aria-label="Failures">
        <header><h2>Failures</h2></header>
        <div class="body">
          {faults.length === 0 ? <p class="muted">None in these checks.</p> : (
            <ul class="timeline">
              {faults.slice(0, 50).map((check, i) => (
                <li key={i}><StatusWord word={check.status} /> <span class="muted"><When at={momentOf(check)} exact /></span> <span class="wrap">{check.error_message}</span></li>
              ))}
            </ul>
          )}
        </div>
      </section>
    </>
  );
}
