// One alert: what it says, what the host was doing, what became of it.
import { get } from "../lib/api";
import { count, duration, formatUnit } from "../lib/format";
import { hostOf } from "../lib/fleet";
import { alertTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { href, route } from "../lib/router";
import { absolute, clock, iso, parseTime } from "../lib/time";
import type { AlertDetail } from "../lib/schema";
import { AlertActions } from "../parts/alert_actions";
import { Culprits } from "../parts/culprits";
import { Facts, Pairs } from "../parts/lists";
import { SeverityMark, StatusWord, When } from "../parts/marks";
import { Empty, Loaded } from "../parts/states";
import { guarded } from "../parts/guard";

export function AlertPage() {
  const id = route.value.path[1]!;
  const loaded = useResource(`${id}\n${alertTurn.value}`, (signal) => get(["alerts", id], {}, signal), 30);
  if (!loaded.data && (loaded.error?.status === 404 || loaded.error?.status === 422)) {
    return <div class="panel"><Empty title="There is no such alert"><a href={href(["alerts"])}>To the alerts</a></Empty></div>;
  }
  return <Loaded from={loaded} what="the alert">{(alert) => <Detail alert={alert} reload={loaded.reload} />}</Loaded>;
}

function Detail({ alert, reload }: { alert: AlertDetail; reload: () => void }) {
  const host = hostOf(alert);
  const born = parseTime(alert.created_at) ?? 0;
  const ended = parseTime(alert.resolved_at);
  const around = { from: iso(born - 1800), to: iso((ended ?? Math.min(clock.peek(), born + 3600)) + 600) };
  return (
    <>
      <div class="head">
        <SeverityMark severity={alert.severity} />
        <h1>{alert.summary}</h1>
        <StatusWord word={alert.status} />
        <div class="end"><AlertActions alert={alert} done={reload} /></div>
      </div>
      {alert.description && <p class="wrap">{alert.description}</p>}
      <Facts
        of={[
          ["Since", <When at={alert.created_at} exact />],
          [ended ? "Lasted" : "For", duration((ended ?? clock.value) - born)],
          ["Host", host && <a href={href(["hosts", host])}>{host}</a>],
          ["Source", <code>{alert.source}</code>],
          ["Acknowledged", alert.acknowledged_by && <>{alert.acknowledged_by}, <When at={alert.acknowledged_at} /></>],
          ["Resolved", alert.resolved_by && <>{alert.resolved_by}, <When at={alert.resolved_at} /></>],
          ["Seen", `${count(alert.occurrences ?? 1)} ×`],
          ["Rule", alert.rule_id && <a href={href(["rules", alert.rule_id])}>Show the rule</a>],
        ]}
      />
      {host && (
        <div class="actions">
          <a class="button" href={href(["hosts", host], around)}>Charts around that moment</a>
          <a class="button" href={href(["hosts", host, "processes"], { ...around, t: alert.created_at })}>Processes of that moment</a>
        </div>
      )}
      <div class={alert.context || told(alert.alert_metadata).length > 0 ? "split" : "stack"}>
        <div class="stack">
          {alert.context && <Culprits context={alert.context} fired={alert.created_at} />}
          <Metadata data={alert.alert_metadata} />
        </div>
        <History id={alert.id} turn={alert.updated_at} />
      </div>
    </>
  );
}

// What fired it stands in the description.
const HIDDEN = new Set(["rule_id", "hostname", "metric_unit", "top_processes", "fired"]);

const told = (data: Record<string, unknown>) => Object.entries(data).filter(([name, value]) => !HIDDEN.has(name) && value !== null);

const Metadata = guarded("The details", function Metadata({ data }: { data: Record<string, unknown> }) {
  const unit = typeof data.metric_unit === "string" ? data.metric_unit : null;
  const figures = new Set(["current_value", "threshold"]);
  const shown = told(data);
  if (shown.length === 0) return null;
  const text = (name: string, value: unknown) => {
    if (typeof value === "number" && figures.has(name)) return formatUnit(unit, value);
    const time = typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? parseTime(value) : null;
    return time !== null ? absolute(time) : typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  return (
    <section class="panel" aria-label="Details">
      <header><h2>Details</h2></header>
      <div class="body">
        <Pairs of={shown.map(([name, value]) => [name.replace(/_/g, " "), text(name, value)])} />
      </div>
    </section>
  );
});

const History = guarded("The history", function History({ id, turn }: { id: string; turn: string }) {
  const loaded = useResource(`${id}\n${turn}`, (signal) => get(["alerts", id, "transitions"], {}, signal));
  return (
    <section class="panel" aria-label="History">
      <header><h2>History</h2></header>
      <div class="body">
        <Loaded from={loaded} what="the history">
          {(steps) => (
            <ol class="timeline">
              {[...steps].reverse().map((step) => (
                <li key={step.id}>
                  <div>
                    <strong>{step.event}</strong>
                    {step.actor && <> by {step.actor}</>} <span class="muted"><When at={step.at} exact /></span>
                  </div>
                  {step.comment && <p class="quote wrap">{step.comment}</p>}
                </li>
              ))}
            </ol>
          )}
        </Loaded>
      </div>
    </section>
  );
});
