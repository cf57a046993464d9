// The process table of a host, now or at any moment that is stored: a time machine.
import { useMemo } from "preact/hooks";
import { ApiError, get } from "../lib/api";
import { marksOf, useHostAlerts } from "../lib/host_alerts";
import { readProcessRef } from "../lib/processes";
import { useResource, type Resource } from "../lib/resource";
import { route, setQuery } from "../lib/router";
import { absolute, atTable, clock, iso, parseTime, readRange, zone } from "../lib/time";
import type { Host, Snapshot } from "../lib/schema";
import { ChartPanel } from "../parts/chart_panel";
import { CompareTable } from "../parts/compare_table";
import { Choice, FilterBox } from "../parts/filter_box";
import { HostFrame } from "../parts/host_frame";
import { When } from "../parts/marks";
import { MomentBar, MomentSlider } from "../parts/moment_bar";
import { ProcessDetail } from "../parts/process_detail";
import { GROUPINGS, ProcessTable } from "../parts/process_table";
import { RangePicker } from "../parts/range_picker";
import { Empty, explain, Loaded } from "../parts/states";
import { say } from "../parts/toast";
import { count, mebibytes, percent } from "../lib/format";
import type { ChartSpec } from "./host_charts";

const SHAPE: ChartSpec = {
  id: "shape", title: "CPU and memory", unit: "percent", top: 100,
  help: "Click to choose a moment, drag to zoom",
  lines: [
    { metric: "cpu_usage_percent", label: "CPU busy" },
    { metric: "memory_usage_percent", label: "memory used" },
    { metric: "pressure_io_some_percent", label: "waiting for disks" },
  ],
};

function useSnapshot(hostname: string, moment: string | undefined, seconds: number): Resource<Snapshot | null> {
  return useResource(
    moment === undefined ? null : `${hostname}\n${moment}`,
    async (signal) => {
      try {
        return await get(["processes", "at"], { hostname, t: moment || undefined }, signal);
      } catch (cause) {
        if (cause instanceof ApiError && cause.status === 404) return null; // nothing stored then
        throw cause;
      }
    },
    seconds,
  );
}

export function ProcessesPage() {
  const { path, query } = route.value;
  const range = readRange(query, clock.value);
  return (
    <HostFrame hostname={path[1]!} tab="processes" end={<RangePicker range={range} />}>
      {(host) => <Machine host={host} />}
    </HostFrame>
  );
}

function Machine({ host }: { host: Host }) {
  const { query } = route.value;
  const { hostname, interval_seconds: interval } = host;
  const range = readRange(query, clock.value);
  const chosen = parseTime(query.t);
  const compared = parseTime(query.vs);
  const alerts = useHostAlerts(hostname, range);
  const marks = useMemo(() => marksOf(alerts, clock.peek()), [alerts]);
  const table = useSnapshot(hostname, chosen === null ? "" : query.t, chosen === null ? Math.max(2, Math.min(interval, 60)) : 0);
  const earlier = useSnapshot(hostname, compared === null ? undefined : query.vs, 0);
  const shownAt = parseTime(table.data?.timestamp);
  const selected = readProcessRef(query.p);
  const label = compared === null ? "Moment" : "After";
  // The first table from that moment on: a young host has none before it.
  const compareFrom = async (time: number) => {
    try {
      const [first] = await get(["metrics", "processes"], { hostname, start_time: iso(time), order: "asc", limit: 1 });
      if (first && first.timestamp !== table.data?.timestamp) setQuery({ vs: atTable(first.timestamp), group: undefined, sort: undefined }, "push");
      else say("There is no earlier process table of this host");
    } catch (cause) {
      say(explain(cause));
    }
  };

  return (
    <>
      <ChartPanel
        spec={SHAPE}
        hostname={hostname}
        interval={interval}
        range={range}
        marks={marks}
        moment={chosen ?? shownAt}
        onPick={(time) => setQuery({ t: iso(Math.round(time)) }, "push")}
        height={130}
        below={
          <>
            <MomentSlider name="t" label={label} time={chosen ?? clock.value} range={range} />
            {compared !== null && <MomentSlider name="vs" label="Before" time={compared} range={range} />}
          </>
        }
      />
      <div class="toolbar">
        <MomentBar name="t" label={label} time={chosen ?? clock.value} live={chosen === null} step={interval} shown={shownAt} />
        {compared !== null && <MomentBar name="vs" label="Before" time={compared} live={false} step={interval} shown={parseTime(earlier.data?.timestamp)} />}
        {compared === null ? (
          <button type="button" onClick={() => void compareFrom((chosen ?? clock.value) - Math.min(3600, range.to - range.from))}>
            Compare with earlier
          </button>
        ) : (
          <button type="button" onClick={() => setQuery({ vs: undefined, change: undefined, sort: undefined }, "push")}>End comparison</button>
        )}
      </div>
      <div class="toolbar">
        <FilterBox value={query.q} label="Filter processes" />
        {compared === null && <Choice label="Group" name="group" value={query.group ?? "none"} options={GROUPINGS} />}
      </div>
      <div class={selected ? "split" : "stack"}>
        <div class="panel" data-moment={table.data?.timestamp} data-asked={table.loading ? undefined : query.t}>
          <Loaded from={table} what="the processes">
            {(data) =>
              data === null ? (
                chosen === null ? <NotNow hostname={hostname} /> : <Nothing which="that moment" />
              ) : compared === null ? (
                <>
                  <Caption table={data} loading={table.loading} />
                  <ProcessTable processes={data.processes} query={query} selected={query.p} />
                </>
              ) : (
                <Loaded from={earlier} what="the earlier processes">
                  {(before) => (before === null ? <Nothing which="the earlier moment" /> : (
                    <>
                      <p class="table-caption muted">From <When at={before.timestamp} exact /> to <When at={data.timestamp} exact /></p>
                      <CompareTable before={before.processes} after={data.processes} query={query} />
                    </>
                  ))}
                </Loaded>
              )
            }
          </Loaded>
        </div>
        {selected && <ProcessDetail key={query.p} host={host} which={selected} range={range} processes={[...(table.data?.processes ?? []), ...(earlier.data?.processes ?? [])]} />}
      </div>
    </>
  );
}

function Caption({ table, loading }: { table: Snapshot; loading: boolean }) {
  const rest = table.other && table.other.count > 0;
  return (
    <p class="table-caption muted" aria-busy={loading}>
      <strong>{count(table.processes.length)} processes</strong> at{" "}
      <time dateTime={table.timestamp} title={zone}>{absolute(parseTime(table.timestamp) ?? 0)}</time>
      {rest && `; ${count(table.other!.count)} small ones were summed up: CPU ${percent(table.other!.cpu_percent)}, memory ${mebibytes(table.other!.memory_mb)}`}
    </p>
  );
}

const Nothing = ({ which }: { which: string }) => (
  <Empty title={`No process table is stored for ${which}`}>
    <p>The host was silent then, or it is longer ago than tables are kept.</p>
    <p><button type="button" onClick={() => setQuery({ t: undefined, vs: undefined }, "push")}>Show the newest</button></p>
  </Empty>
);

// Its newest table may be old; shown as that of now it would deceive.
function NotNow({ hostname }: { hostname: string }) {
  const showLast = async () => {
    try {
      const [last] = await get(["metrics", "processes"], { hostname, limit: 1 });
      if (last) setQuery({ t: atTable(last.timestamp) }, "push");
      else say("No process table of this host is stored");
    } catch (cause) {
      say(explain(cause));
    }
  };
  return (
    <Empty title="This host does not report its processes now">
      <p>It has been silent for five minutes or ten of its intervals, or its agent does not send them.</p>
      <p><button type="button" onClick={() => void showLast()}>Show the last ones</button></p>
    </Empty>
  );
}
