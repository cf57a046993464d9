// The monitor itself: its health, its tasks, what comes in, and the agents that send it.
import { request } from "../lib/api";
import { count, duration, milliseconds } from "../lib/format";
import { useResource, type Resource } from "../lib/resource";
import { route, setQuery } from "../lib/router";
import type { ServiceStatus } from "../lib/schema";
import { AddHost } from "../parts/add_host";
import { Agents } from "../parts/agents";
import { IngestPanel } from "../parts/ingest_panel";
import { Status, StatusWord, When } from "../parts/marks";
import { Facts } from "../parts/lists";
import { PlainTable } from "../parts/plain_table";
import { Loaded } from "../parts/states";
import { guarded } from "../parts/guard";

const NAMES: Record<string, string> = { postgres: "PostgreSQL", redis: "Redis" };

// What is not known is not healthy, and what lacks a part is not either.
function health({ data, error }: Resource<ServiceStatus>): string {
  if (!data || error) return "unknown";
  return data.status === "healthy" && Object.values(data.dependencies).includes("down") ? "degraded" : data.status;
}

export function SystemPage() {
  const status = useResource("status", (signal) => request<ServiceStatus>("/status", { signal }), 10);
  const adding = route.value.query.add !== undefined;
  return (
    <>
      <div class="head">
        <h1>System</h1>
        <StatusWord word={health(status)} />
        <div class="end"><button type="button" class="primary" onClick={() => setQuery({ add: 1 }, "push")}>Add a host</button></div>
      </div>
      <Loaded from={status} what="the state of the server">
        {(data) => (
          <>
            <Facts
              of={[
                ["Version", data.version],
                ["Runs on", data.hostname],
                ...Object.entries(data.dependencies).map(([name, state]): [string, preact.ComponentChildren] => [
                  NAMES[name] ?? name,
                  <StatusWord word={state} />,
                ]),
                ["Batches that wait", `${count(data.ingest.queue_length)} of at most ${count(data.ingest.queue_capacity)}`],
              ]}
            />
            <div class="grid halves">
              <IngestPanel />
              <Tasks of={data.background_tasks} now={data.timestamp} />
            </div>
          </>
        )}
      </Loaded>
      <Agents />
      {adding && <AddHost onClose={() => setQuery({ add: undefined })} />}
    </>
  );
}

type Background = ServiceStatus["background_tasks"];

// A task that has stood still for some of its periods is not fine, even if its last run was.
function TaskState({ task, leads, now }: { task: Background["tasks"][number]; leads: boolean; now: string }) {
  if (task.last_error) return <Status tone="bad" text="failed" />;
  if (task.leader_only && !leads) return <Status tone="off" text="not leading" />;
  if (!task.last_run) return <Status tone="off" text="not yet" />;
  const age = (Date.parse(now) - Date.parse(task.last_run)) / 1000;
  return age > 3 * task.period_seconds + 15 ? <Status tone="warn" text="late" /> : <Status tone="ok" text="fine" />;
}

const Tasks = guarded("The tasks", function Tasks({ of: { tasks, leader }, now }: { of: Background; now: string }) {
  return (
    <section class="panel" aria-label="Background tasks">
      <header><h2>Background tasks</h2></header>
      <div class="body">
        {tasks.length === 0 ? <p class="muted">This server runs none.</p> : (
          <PlainTable
            caption="Background tasks"
            heads={[["Task"], ["State"], ["Every", "num p2"], ["Last run"], ["Took", "num p2"], ["Runs", "num p3"]]}
            rows={tasks.map((task) => ({
              key: task.name,
              cells: [
                task.name.replace(/_/g, " "),
                <TaskState task={task} leads={leader} now={now} />,
                duration(task.period_seconds),
                <When at={task.last_run} />,
                milliseconds(task.last_duration_seconds * 1000),
                count(task.runs),
              ],
            }))}
          />
        )}
        {tasks.filter((t) => t.last_error).map((t) => <p class="fault wrap" key={t.name}>{t.name}: {t.last_error}</p>)}
      </div>
    </section>
  );
});
