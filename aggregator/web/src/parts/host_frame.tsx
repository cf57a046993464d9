// Head of the pages of one host: its name, state, what it is, and the tabs.
import type { ComponentChildren } from "preact";
import { get } from "../lib/api";
import { bytes, count, duration, milliseconds, UNKNOWN } from "../lib/format";
import { useResource } from "../lib/resource";
import { href, route } from "../lib/router";
import { clock, parseTime } from "../lib/time";
import type { Host } from "../lib/schema";
import { Facts } from "./lists";
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
  const loaded = useResource(hostname, (signal) => get(["hosts", hostname], {}, signal), 15);
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
            {tab === "charts" && <About host={host} />}
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

function About({ host }: { host: Host }) {
  const boot = parseTime(host.boot_time);
  const labels = Object.entries(host.labels);
  return (
    <Facts
      of={[
        ["Last seen", <When at={host.last_seen} />],
        ["System", host.os],
        ["Kernel", host.kernel],
        ["Processor", host.cpu_model && `${host.cpu_model}${host.cpu_count ? `, ${count(host.cpu_count)} cores` : ""}`],
        ["Memory", bytes(host.memory_total_bytes)],
        ["Up for", boot === null ? null : duration(clock.value - boot)],
        ["Agent", `${host.agent_version ?? UNKNOWN}, every ${duration(host.interval_seconds)}`],
        ["Labels", labels.length > 0 ? labels.map(([name, value]) => <span class="chip" key={name}>{name}={String(value)}</span>) : null],
      ]}
    />
  );
}
