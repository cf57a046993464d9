// A chart with its own data: loads when it comes into sight, then again as time goes on.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../lib/api";
import { useResource } from "../lib/resource";
import { linesOf, pointsFor } from "../lib/series";
import { iso, type Range } from "../lib/time";
import type { ChartSpec } from "../pages/host_charts";
import { Chart } from "./chart";
import type { Mark } from "./chart_marks";
import { zoomTo } from "./range_picker";
import { explain } from "./states";
import { guarded } from "./guard";

interface Props {
  spec: ChartSpec;
  hostname: string;
  interval: number;
  range: Range;
  marks?: Mark[];
  moment?: number | null;
  onPick?: (time: number) => void;
  height?: number;
  below?: ComponentChildren;
}

export const ChartPanel = guarded("This chart", function ChartPanel({ spec, hostname, interval, range, ...rest }: Props) {
  const box = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => entries.some((e) => e.isIntersecting) && setSeen(true),
      { rootMargin: "200px" },
    );
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const metrics = [...new Set(spec.lines.map((line) => line.metric))];
  // A moving range is one key: its end is the moment of the request.
  const key = seen ? [hostname, spec.id, range.live ? range.name : `${range.from} ${range.to}`].join("\n") : null;
  const loaded = useResource(
    key,
    async (signal) => {
      const to = range.live ? Date.now() / 1000 : range.to;
      const from = to - (range.to - range.from);
      const answer = await get(
        ["dashboard", "metrics", "series"],
        { hostname, metric_type: metrics, start: iso(from), end: iso(to), max_points: pointsFor(to - from, interval) },
        signal,
      );
      return { answer, from, to };
    },
    range.live ? Math.max(5, Math.min(interval, 60)) : 0,
  );

  const chart = useMemo(() => loaded.data && linesOf(loaded.data.answer, spec.lines, interval), [loaded.data, interval]);
  const empty = chart?.data.lines.length === 0;
  return (
    <section class="panel" ref={box} aria-label={spec.title} data-chart={spec.id} data-loaded={loaded.data ? "" : undefined} data-empty={empty ? "" : undefined}>
      <header>
        <h3 title={spec.help}>{spec.title}</h3>
        {chart && chart.hidden > 0 && <span class="muted">{chart.hidden} idle or smaller not shown</span>}
        {loaded.error && loaded.data && <span class="muted">not up to date</span>}
      </header>
      {!loaded.data ? (
        <div class="chart-empty">{loaded.error ? explain(loaded.error) : "Loading…"}</div>
      ) : empty ? (
        <div class="chart-empty">This host tells nothing of it in this time.</div>
      ) : (
        <Chart title={spec.title} data={chart!.data} unit={spec.unit} top={spec.top} from={loaded.data.from} to={loaded.data.to} onZoom={zoomTo} {...rest} />
      )}
    </section>
  );
});
