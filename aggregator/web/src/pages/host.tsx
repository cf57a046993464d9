// One host: what it is, its charts, and its alerts as marks on them.
import { useMemo } from "preact/hooks";
import { ChartPanel } from "../parts/chart_panel";
import { HostFrame } from "../parts/host_frame";
import { AlertStrip } from "../parts/severity_strip";
import { RangePicker } from "../parts/range_picker";
import { HostEvents } from "../parts/host_events";
import { clock, iso, readRange } from "../lib/time";
import { go, route } from "../lib/router";
import { marksOf, useHostAlerts } from "../lib/host_alerts";
import { HOST_CHARTS } from "./host_charts";

export function HostPage() {
  const { path, query } = route.value;
  const hostname = path[1]!;
  const range = readRange(query, clock.value);
  const alerts = useHostAlerts(hostname, range);
  const marks = useMemo(() => marksOf(alerts, clock.peek()), [alerts]);
  const pick = (time: number) =>
    go(["hosts", hostname, "processes"], { t: iso(Math.round(time)), range: query.range, from: query.from, to: query.to });
  return (
    <HostFrame hostname={hostname} tab="charts" end={<RangePicker range={range} />}>
      {(host) => (
        <>
          <AlertStrip alerts={alerts.filter((a) => a.status === "active")} />
          <div class="grid charts">
            {HOST_CHARTS.map((spec) => (
              <ChartPanel key={spec.id} spec={spec} hostname={hostname} interval={host.interval_seconds} range={range} marks={marks} onPick={pick} />
            ))}
          </div>
          <p class="muted">Drag on a chart to zoom; click to see the processes of that moment.</p>
          <HostEvents hostname={hostname} range={range} />
        </>
      )}
    </HostFrame>
  );
}
