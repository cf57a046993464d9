// The alerts that are open now, worst first; the whole card is the link.
import { hostOf } from "../lib/fleet";
import { href } from "../lib/router";
import { SEVERITIES, type Alert } from "../lib/schema";
import { SeverityMark, When } from "./marks";
import { guarded } from "./guard";

const MOST = 6;

export const AlertStrip = guarded("The alerts", function AlertStrip({ alerts }: { alerts: Alert[] | undefined }) {
  const active = alerts?.filter((alert) => alert.status === "active");
  if (!active?.length) return null;
  const worst = [...active].sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.created_at.localeCompare(a.created_at),
  );
  return (
    <section aria-label="Active alerts" class="strip">
      {worst.slice(0, MOST).map((alert) => (
        <a key={alert.id} class="alert-card" data-severity={alert.severity} href={href(["alerts", alert.id])}>
          <span class="line">
            <SeverityMark severity={alert.severity} />
            <span class="muted"><When at={alert.created_at} /></span>
          </span>
          <strong>{alert.summary}</strong>
          {!hostOf(alert) && <span class="muted clip">{alert.source}</span>}
        </a>
      ))}
      {active.length > MOST && (
        <a class="alert-card more" href={href(["alerts"])}>{active.length - MOST} more active alerts</a>
      )}
    </section>
  );
});
