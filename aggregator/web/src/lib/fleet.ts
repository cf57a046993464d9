// Every host with its newest figures, shared by the pages and moved on by the stream.
import { computed, signal } from "@preact/signals";
import { get } from "./api";
import type { Alert, Host, HostOverview } from "./schema";

export interface FleetRow {
  host: Host;
  now: HostOverview | undefined;
  alerts: Alert[] | undefined; // undefined while they are not known
}

export const hosts = signal<Host[] | undefined>(undefined);
export const overviews = signal<Record<string, HostOverview>>({});
export const openAlerts = signal<Alert[] | undefined>(undefined);

export async function loadFleet(abort: AbortSignal): Promise<Host[]> {
  const [list, overview] = await Promise.all([
    get(["hosts"], {}, abort),
    get(["dashboard", "overview"], {}, abort),
  ]);
  hosts.value = list;
  overviews.value = overview.system_health;
  return list;
}

// A server without alerts answers 404; then there are none to show.
export async function loadOpenAlerts(abort: AbortSignal): Promise<Alert[]> {
  const alerts = await get(["alerts"], { status: ["active", "acknowledged"], limit: 1000 }, abort);
  openAlerts.value = alerts;
  return alerts;
}

const nobody: Alert[] = [];

export const fleet = computed<FleetRow[]>(() => {
  const byHost = new Map<string, Alert[]>();
  for (const alert of openAlerts.value ?? []) {
    const host = hostOf(alert);
    if (host) byHost.set(host, [...(byHost.get(host) ?? []), alert]);
  }
  return (hosts.value ?? []).map((host) => ({
    host,
    now: overviews.value[host.hostname],
    alerts: openAlerts.value && (byHost.get(host.hostname) ?? nobody),
  }));
});

export function hostOf(alert: Alert): string | null {
  if (alert.hostname) return alert.hostname;
  const named = alert.alert_metadata.hostname;
  return typeof named === "string" && named ? named : null;
}

// Host events come many a second from a large fleet; they are put on the page together.
let waiting: Record<string, HostOverview> = {};
let frame: ReturnType<typeof setTimeout> | undefined;

export function takeOverview(overview: HostOverview): void {
  waiting[overview.hostname] = overview;
  frame ??= setTimeout(() => {
    frame = undefined;
    overviews.value = { ...overviews.value, ...waiting };
    waiting = {};
  }, 500);
}
