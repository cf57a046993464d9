// Head of the pages of one host: its name, state, what it is, and the tabs.
import type { ComponentChildren } from "preact";
import { get } from "../lib/api";
import { bytes, count, duration, milliseconds } from "../lib/format";
import { useResource } from "../lib/resource";
import { href, route } from "../lib/router";
import { clock, parseTime } from "../lib/time";
import type { Host } from "../lib/types";
import { StatusWord, When } from "./marks";
import { Empty, Loaded } from "./states";

interface Props {
  hostname: string;
  tab: "charts" | "processes";
  end?: ComponentChildren;
  children: (host: Host) => ComponentChildren;
}

const SKEW_MS = 5000; // worth telling

export function HostFrame({ hostname, tab, end, children }: Props) {
  const loaded = useResource(hostname, (signal) => get<Host>(["hosts", hostname], {}, signal), 15);
  const { range, from, to } = route.value.query;
  if (loaded.error?.status === 404 && !loaded.data) {
    return (
      <div class="panel">
        <Empty title={`No host is called ${hostname}`}><a href={href(["hosts"])}>To the hosts</a></Empty>
      </div>
    );
  }
  return (
    <>
      <div class="head">
        <h1>{hostname}</h1>
        {loaded.data && <StatusWord word={loaded.data.status} />}
        <div class="end">{end}</div>
      </div>
      <Loaded from={loaded} what="the host">
        {(host) => (
          <>
            <Warnings host={host} />
            {tab === "charts" && <Facts host={host} />}
            <nav class="tabs" aria-label="Views of the host">
              <a href={href(["hosts", hostname], { range, from, to })} aria-current={tab === "charts" ? "page" : undefined}>Charts</a>
              <a href={href(["hosts", hostname, "processes"], { range, from, to })} aria-current={tab === "processes" ? "page" : undefined}>Processes</a>
              <a href={href(["alerts"], { host: hostname, tab: "history" })}>Alerts</a>
            </nav>
            {children(host)}
          </>
        )}
      </Loaded>
    </>
  );
}

function Warnings({ host }: { host: Host }) {
  return (
    <>
      {host.status !== "up" && (
        <div class="notice bad">
          <span>
            This host is {host.status === "stale" ? "late" : "silent"}: its last figures came <When at={host.last_seen} />.
            What is shown is what was known then.
          </span>
        </div>
      )}
      {Math.abs(host.clock_skew_ms ?? 0) > SKEW_MS && (
        <div class="notice">
          <span>The clock of this host is {milliseconds(Math.abs(host.clock_skew_ms!))} {host.clock_skew_ms! > 0 ? "behind" : "ahead of"} the server’s.</span>
        </div>
      )}
    </>
  );
}

function Facts({ host }: { host: Host }) {
  const boot = parseTime(host.boot_time);
  const labels = Object.entries(host.labels);
  return (
    <dl class="facts">
      <Fact name="Last seen"><When at={host.last_seen} /></Fact>
      <Fact name="System">{host.os ?? "–"}</Fact>
      <Fact name="Kernel">{host.kernel ?? "–"}</Fact>
      <Fact name="Processor">{host.cpu_model ?? "–"}{host.cpu_count ? `, ${count(host.cpu_count)} cores` : ""}</Fact>
      <Fact name="Memory">{bytes(host.memory_total_bytes)}</Fact>
      <Fact name="Up for">{boot === null ? "–" : duration(clock.value - boot)}</Fact>
      <Fact name="Agent">{host.agent_version ?? "–"}, every {duration(host.interval_seconds)}</Fact>
      {labels.length > 0 && (
        <Fact name="Labels">{labels.map(([name, value]) => <span class="chip" key={name}>{name}={String(value)}</span>)}</Fact>
      )}
    </dl>
  );
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div><dt>{name}</dt><dd>{children}</dd></div>
);
