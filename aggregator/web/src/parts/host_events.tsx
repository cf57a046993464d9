// What happened on a host within the range: OOM kills, processes that began and ended.
import { get } from "../lib/api";
import { useResource } from "../lib/resource";
import { setQuery, route } from "../lib/router";
import { iso, type Range } from "../lib/time";
import type { HostEvent } from "../lib/schema";
import { When } from "./marks";
import { PlainTable } from "./plain_table";
import { explain } from "./states";
import { guarded } from "./guard";

export const EVENT_NAMES: Record<string, string> = {
  oom_kill: "Killed for want of memory",
  process_start: "Process began",
  process_exit: "Process ended",
  process_churn: "Many short-lived processes",
};

export function describe(event: HostEvent): string {
  const d = event.detail;
  const word = (name: string) => (typeof d[name] === "string" || typeof d[name] === "number" ? String(d[name]) : "");
  const what = word("process_name") || word("name") || word("unit");
  const pid = word("pid") || word("process_id");
  return [what, pid && `PID ${pid}`].filter(Boolean).join(", ");
}

export const HostEvents = guarded("The events", function HostEvents({ hostname, range }: { hostname: string; range: Range }) {
  const all = route.value.query.events === "all";
  const key = [hostname, range.live ? range.name : `${range.from} ${range.to}`, all].join("\n");
  const loaded = useResource(
    key,
    async (signal) => {
      const to = range.live ? Date.now() / 1000 : range.to;
      return get(["events"], { hostname, start_time: iso(to - (range.to - range.from)), end_time: iso(to), limit: all ? 500 : 200 }, signal);
    },
    range.live ? 30 : 0,
  );
  const events = loaded.data ?? [];
  const shown = all ? events : events.slice(0, 12);
  return (
    <section class="panel" aria-label="Events">
      <header><h3>Events</h3><span class="muted">what happened on this host in this time</span></header>
      <div class="body">
        {shown.length === 0 ? (
          <p class="muted">{loaded.error ? explain(loaded.error) : loaded.loading ? "Loading…" : "Nothing was noted."}</p>
        ) : (
          <PlainTable
            caption="Events, newest first"
            heads={[["When"], ["What"], ["Which", "clip"]]}
            rows={shown.map((event) => ({
              key: event.id,
              cells: [<When at={event.timestamp} exact />, EVENT_NAMES[event.event_type] ?? event.event_type, describe(event)],
            }))}
          />
        )}
        {!all && events.length > shown.length && <button type="button" class="quiet" onClick={() => setQuery({ events: "all" })}>Show all</button>}
      </div>
    </section>
  );
});
