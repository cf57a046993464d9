// The processes that were on top when an alert fired; kept as long as the alert.
import { bytes, mebibytes, percent, UNKNOWN } from "../lib/format";
import { href } from "../lib/router";
import { When } from "./marks";
import { PlainTable } from "./plain_table";

export interface AlertContext {
  taken_at: string;
  snapshot: Record<string, unknown>;
}

type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const word = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

// Lists of processes within the snapshot, whatever they are called.
function lists(snapshot: Row): [name: string, rows: Row[]][] {
  return Object.entries(snapshot)
    .filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
    .map(([name, rows]): [string, Row[]] => [name, rows.filter(isRow)])
    .filter(([, rows]) => rows.some((row) => "process_name" in row || "name" in row));
}

export function Culprits({ context, host }: { context: AlertContext; host: string | null }) {
  const found = lists(context.snapshot);
  if (found.length === 0) return null;
  return (
    <section class="panel" aria-label="Processes when it fired">
      <header>
        <h2>Processes when it fired</h2>
        <span class="muted"><When at={context.taken_at} exact /></span>
      </header>
      {found.map(([name, rows]) => (
        <div class="body" key={name}>
          {found.length > 1 && <h3>{name.replace(/_/g, " ")}</h3>}
          <PlainTable
            caption={`Processes: ${name.replace(/_/g, " ")}`}
            heads={[["Name", "name"], ["PID", "num"], ["User", "p2"], ["CPU", "num"], ["Memory", "num"], ["Unit", "p3 clip"]]}
            rows={rows.map((row, i) => ({
              key: i,
              cells: [
                link(row, host, context.taken_at),
                word(row.process_id ?? row.pid) || UNKNOWN,
                word(row.username ?? row.user) || UNKNOWN,
                percent(number(row.cpu_percent)),
                "memory_mb" in row ? mebibytes(number(row.memory_mb)) : bytes(number(row.memory_rss_bytes)),
                word(row.unit) || UNKNOWN,
              ],
            }))}
          />
        </div>
      ))}
    </section>
  );
}

function link(row: Row, host: string | null, at: string) {
  const name = word(row.process_name ?? row.name);
  return host ? <a href={href(["hosts", host, "processes"], { t: at, q: name })}>{name}</a> : name;
}
