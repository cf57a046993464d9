// A bar of the last health checks, one mark each; oldest on the left.
import { milliseconds } from "../lib/format";
import { absolute, parseTime } from "../lib/time";

export interface Check {
  timestamp: string;
  status: string;
  response_time_ms: number | null;
  error_message: string | null;
}

export interface Service {
  service_name: string;
  endpoint: string;
  status: string;
  response_time_ms: number | null;
  last_checked: string | null;
  error_message: string | null;
  status_since: string | null;
  interval_seconds: number;
  tls_expires_in_days: number | null;
  uptime_24h_percent: number | null;
  uptime_7d_percent: number | null;
  uptime_30d_percent: number | null;
  recent: Check[];
}

// Newest first, whatever order they came in.
export const newestFirst = (checks: Check[]): Check[] => [...checks].sort((a, b) => b.timestamp.localeCompare(a.timestamp));

export function Beats({ checks, most }: { checks: Check[]; most: number }) {
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
