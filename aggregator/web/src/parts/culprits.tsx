// The processes that were on top when an alert fired; kept as long as the alert.
import { byteRate, count, mebibytes, percent, UNKNOWN } from "../lib/format";
import { href } from "../lib/router";
import type { AlertContext, Culprit } from "../lib/schema";
import { atTable } from "../lib/time";
import { When } from "./marks";
import { PlainTable } from "./plain_table";
import { guarded } from "./guard";

type Resource = NonNullable<AlertContext["ranked_by"]>;

interface Figure {
  title: string;
  list: (context: AlertContext) => Culprit[];
  text: (value: number | null | undefined) => string;
  of: (process: Culprit) => number | null;
  change?: (change: NonNullable<Culprit["change"]>) => number | null | undefined;
}

const FIGURES: Record<Resource, Figure> = {
  cpu: { title: "CPU", list: (c) => c.by_cpu, text: percent, of: (p) => p.cpu_percent, change: (c) => c.cpu_percent },
  memory: { title: "Memory", list: (c) => c.by_memory, text: mebibytes, of: (p) => p.memory_mb, change: (c) => c.memory_mb },
  io: { title: "Disk I/O", list: (c) => c.by_io, text: byteRate, of: (p) => p.io_bytes_per_sec },
  open_files: { title: "Open files", list: (c) => c.by_open_files, text: count, of: (p) => p.fd_count, change: (c) => c.fd_count },
};
const RESOURCES = Object.keys(FIGURES) as Resource[];

const signed = (value: number, text: Figure["text"]): string => (value > 0 ? "+" : value < 0 ? "−" : "") + text(Math.abs(value));

export const Culprits = guarded("The processes", function Culprits({ context, fired }: { context: AlertContext; fired: string }) {
  const early = context.process_table_at && Date.parse(fired) - Date.parse(context.process_table_at) > 90_000;
  const first = context.ranked_by ?? "cpu"; // not told of alerts from before it was kept
  const others = RESOURCES.filter((r) => r !== first && FIGURES[r].list(context).length > 0);
  return (
    <section class="panel" aria-label="Processes when it fired">
      <header>
        <h2>{early ? "Last processes before it fired" : "Processes when it fired"}</h2>
        <span class="muted"><When at={context.process_table_at} exact /></span>
      </header>
      <div class="body">
        <h3>By {lower(first)}</h3>
        <List rank={first} context={context} />
      </div>
      {others.map((rank) => (
        <details class="more" key={rank}>
          <summary>By {lower(rank)}</summary>
          <div class="body"><List rank={rank} context={context} /></div>
        </details>
      ))}
    </section>
  );
});

const lower = (rank: Resource) => (rank === "cpu" ? "CPU" : rank === "io" ? "disk I/O" : FIGURES[rank].title.toLowerCase());

function List({ rank, context }: { rank: Resource; context: AlertContext }) {
  const { title, list, text, of, change } = FIGURES[rank];
  const rows = list(context);
  if (rows.length === 0) return <p class="muted">No process was known to use any.</p>;
  const rest = RESOURCES.filter((r) => r !== rank);
  const since = change && context.compared_with;
  return (
    <PlainTable
      caption={`Processes by ${lower(rank)}`}
      heads={[["Name", "name"], [title, "num"], ...(since ? [["Since 1 h", "num"] as [string, string]] : []), ...rest.map((r): [string, string] => [FIGURES[r].title, "num p2"]), ["PID", "num p2"], ["User", "p3"], ["Unit", "p3 clip"]]}
      rows={rows.map((p, i) => {
        const grown = p.change && change?.(p.change);
        return {
          key: i,
          cells: [
            <a href={href(["hosts", context.hostname, "processes"], { t: atTable(context.process_table_at), q: p.process_name })}>{p.process_name}</a>,
            <b>{text(of(p))}</b>,
            ...(since ? [p.change?.new ? "new" : typeof grown === "number" ? signed(grown, text) : UNKNOWN] : []),
            ...rest.map((r) => FIGURES[r].text(FIGURES[r].of(p))),
            p.process_id,
            p.username || UNKNOWN,
            p.unit || UNKNOWN,
          ],
        };
      })}
    />
  );
}
