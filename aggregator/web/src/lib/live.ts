// Keeps the fleet and the open alerts fresh on every page: by the stream, and by timers without it.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { loadFleet, loadOpenAlerts, takeOverview } from "./fleet";
import { useResource, type Resource } from "./resource";
import { connection, listen } from "./stream";
import type { Host, HostOverview } from "./schema";

const idle: Resource<Host[]> = { data: undefined, error: undefined, loading: true, reload: () => {} };
export const fleetResource = signal<Resource<Host[]>>(idle);
// Counts changes of alerts and services that the stream told of; lists load again when it moves.
export const alertTurn = signal(0);
export const serviceTurn = signal(0);

function isOverview(data: unknown): data is HostOverview {
  return typeof data === "object" && data !== null && "hostname" in data && "cpu_usage" in data;
}

// At most one call a `ms`, the last one never lost.
function calmly(work: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      work();
    }, ms);
  };
}

export function useLive(): void {
  const live = connection.value === "live";
  const fleet = useResource("fleet", loadFleet, live ? 30 : 5);
  const alerts = useResource("alerts", loadOpenAlerts, live ? 60 : 15);
  useEffect(() => {
    fleetResource.value = fleet;
  }, [fleet.data, fleet.error, fleet.loading]);
  useEffect(() => {
    const refresh = calmly(fleet.reload, 1000);
    const refreshAlerts = calmly(() => {
      alerts.reload();
      alertTurn.value++;
    }, 300);
    const refreshServices = calmly(() => serviceTurn.value++, 2000);
    return listen(({ type, data }) => {
      if (type === "overview" && isOverview(data)) takeOverview(data);
      else if (type === "overview" || type === "host") refresh();
      else if (type === "alert") refreshAlerts();
      else if (type === "service") refreshServices();
    });
  }, []);
}
