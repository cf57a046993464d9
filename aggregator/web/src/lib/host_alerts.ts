// Alerts of one host that touch a range, open or not.
import { get } from "./api";
import { alertTurn } from "./live";
import { useResource } from "./resource";
import { parseTime, type Range } from "./time";
import type { Alert } from "./schema";
import type { Mark } from "../parts/chart_marks";

const none: Alert[] = [];

export function useHostAlerts(hostname: string, range: Range): Alert[] {
  const loaded = useResource(`${hostname}\n${alertTurn.value}`, (signal) => get(["alerts"], { hostname: [hostname], limit: 500 }, signal), 60);
  const all = loaded.data ?? none;
  return all.filter((alert) => (parseTime(alert.created_at) ?? 0) <= range.to && (parseTime(alert.resolved_at) ?? Infinity) >= range.from);
}

export function marksOf(alerts: Alert[], now: number): Mark[] {
  return alerts.map((alert) => ({
    from: parseTime(alert.created_at) ?? now,
    to: parseTime(alert.resolved_at) ?? now,
    severity: alert.severity,
    title: alert.summary,
  }));
}
