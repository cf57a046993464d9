// A bar of the last health checks, one mark each; oldest on the left.
import { milliseconds } from "../lib/format";
import type { PastCheck } from "../lib/schema";
import { absolute, parseTime } from "../lib/time";


// Newest first, whatever order they came in.
export const newestFirst = (checks: PastCheck[]): PastCheck[] => [...checks].sort((a, b) => b.timestamp.localeCompare(a.timestamp));

export function Beats({ checks, most }: { checks: PastCheck[]; most: number }) {
  if (checks.length === 0) return <span class="muted">not yet</span>;
  const shown = newestFirst(checks).slice(0, most).reverse();
  const bad = shown.filter((c) => c.status !== "healthy").length;
  return (
    <span class="beats" role="img" aria-label={`${shown.length} checks, ${bad} of them not healthy`}>
      {shown.map((check) => (
        <i key={check.timestamp} data-status={check.status} title={`${absolute(parseTime(check.timestamp) ?? 0)}: ${check.status}, ${check.error_message ?? milliseconds(check.response_time_ms)}`} />
      ))}
    </span>
  );
}
