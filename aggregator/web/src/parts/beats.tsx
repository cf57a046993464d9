// A bar of the last health checks, one mark each; oldest on the left.
import { milliseconds } from "../lib/format";
import { absolute, parseTime } from "../lib/time";

export interface ServiceHealth {
  service_name: string;
  endpoint: string;
  status: string;
  response_time_ms: number | null;
  last_checked: string | null;
  error_message: string | null;
}

export interface Check {
  status: string;
  response_time_ms: number | null;
  error_message?: string | null;
  timestamp?: string;
  last_checked?: string;
  checked_at?: string;
}

export const momentOf = (check: Check): number => parseTime(check.timestamp ?? check.checked_at ?? check.last_checked) ?? 0;

// Newest first, whatever order they came in.
export const newestFirst = (checks: Check[]): Check[] => [...checks].sort((a, b) => momentOf(b) - momentOf(a));

export function summarise(checks: Check[] | undefined): { uptime: number | null } {
  const known = (checks ?? []).filter((c) => c.status !== "unknown");
  if (known.length === 0) return { uptime: null };
  return { uptime: (100 * known.filter((c) => c.status === "healthy").length) / known.length };
}

export function Beats({ checks, most }: { checks: Check[] | undefined; most: number }) {
  if (!checks || checks.length === 0) return <span class="muted">–</span>;
  const shown = newestFirst(checks).slice(0, most).reverse();
  const bad = shown.filter((c) => c.status !== "healthy").length;
  return (
    <span class="beats" role="img" aria-label={`${shown.length} checks, ${bad} of them not healthy`}>
      {shown.map((check, i) => (
        <i key={i} data-status={check.status} title={`${absolute(momentOf(check))}: ${check.status}, ${check.error_message ?? milliseconds(check.response_time_ms)}`} />
      ))}
    </span>
  );
}
