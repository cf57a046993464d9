// How much comes in, from the server's own metrics: rates between two looks.
import { useRef } from "preact/hooks";
import { ApiError, authorization } from "../lib/api";
import { bytes, count, milliseconds, rate } from "../lib/format";
import { parseExposition, total, type Sample } from "../lib/exposition";
import { useResource } from "../lib/resource";
import { Pairs } from "./lists";
import { Loaded } from "./states";
import { guarded } from "./guard";

interface Look {
  at: number;
  samples: Sample[];
  before: { at: number; samples: Sample[] } | null;
}

async function look(signal: AbortSignal): Promise<Sample[]> {
  const response = await fetch("/metrics", { signal, headers: { Accept: "text/plain", ...authorization() }, cache: "no-store" });
  if (!response.ok) throw new ApiError(response.status, `The server answered ${response.status}`);
  return parseExposition(await response.text());
}

const REFUSALS: Record<string, string> = {
  duplicate: "sent twice, stored once",
  refused: "refused as not valid",
  conflict: "same number, other content",
  host_conflict: "name of another host",
  agent_mismatch: "not the token of that agent",
  queue_full: "put off: too much at once",
  unavailable: "put off: database away",
  expired: "older than what is kept",
};

export const IngestPanel = guarded("What comes in", function IngestPanel() {
  const last = useRef<Look["before"]>(null);
  const loaded = useResource<Look>(
    "metrics",
    async (signal) => {
      const now = { at: Date.now() / 1000, samples: await look(signal) };
      const before = last.current;
      last.current = now;
      return { ...now, before };
    },
    5,
  );
  return (
    <section class="panel" aria-label="What comes in">
      <header><h2>What comes in</h2></header>
      <div class="body"><Loaded from={loaded} what="rates">{(now) => <Figures now={now} />}</Loaded></div>
    </section>
  );
});

function Figures({ now }: { now: Look }) {
  const sum = (samples: Sample[], name: string, labels = {}) => total(samples, `chorus_aggregator_${name}`, labels);
  const perSecond = (name: string, labels = {}): number | null => {
    const after = sum(now.samples, name, labels);
    const before = now.before && sum(now.before.samples, name, labels);
    return after === null || before === null || after < before ? null : (after - before) / (now.at - now.before!.at);
  };
  // The first look has nothing to compare with.
  const flow = (name: string, labels: Record<string, string>) =>
    `${now.before ? `${rate(perSecond(name, labels))}, ` : ""}${count(sum(now.samples, name, labels))} since the start`;
  const commits = sum(now.samples, "ingest_commit_duration_seconds_count");
  const commit = commits ? sum(now.samples, "ingest_commit_duration_seconds_sum")! / commits : null;
  const others = now.samples.filter((s) => s.name === "chorus_aggregator_ingest_batches_total" && s.labels.result !== "stored" && s.value > 0);
  const pairs: [string, string][] = [
    ["Batches", flow("ingest_batches_total", { result: "stored" })],
    ["Host values", flow("ingest_samples_total", { kind: "system" })],
    ["Process rows", flow("ingest_samples_total", { kind: "process" })],
    ["Average commit", milliseconds(commit === null ? null : commit * 1000)],
    ["Connections", count(sum(now.samples, "http_connections"))],
    ["Memory of the server", bytes(total(now.samples, "process_resident_memory_bytes"))],
    ...others.map((s): [string, string] => [REFUSALS[s.labels.result!] ?? s.labels.result!, `${count(s.value)} since the start`]),
  ];
  return <Pairs of={pairs} />;
}
