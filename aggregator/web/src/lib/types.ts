// Answers of the API, as far as pages use them.
export type HostStatus = "up" | "stale" | "down";

export interface Host {
  hostname: string;
  status: HostStatus;
  last_seen: string | null;
  first_seen: string;
  interval_seconds: number;
  clock_skew_ms: number | null;
  agent_version: string | null;
  os: string | null;
  kernel: string | null;
  cpu_model: string | null;
  cpu_count: number | null;
  memory_total_bytes: number | null;
  boot_time: string | null;
  labels: Record<string, string>;
}

export interface HostOverview {
  hostname: string;
  cpu_usage: number | null;
  memory_usage: number | null;
  disk_usage: number | null;
  load_avg_1min?: number | null;
  network_receive_bytes_per_sec?: number | null; // all interfaces but loopback
  network_transmit_bytes_per_sec?: number | null;
  network_io: { bytes_sent: number; bytes_recv: number } | null;
  process_count: number;
  uptime_seconds: number | null;
  last_updated: string;
}

export interface Overview {
  timestamp: string;
  system_health: Record<string, HostOverview>;
  healthy_services: number;
  total_services: number;
}

export type Severity = "critical" | "high" | "medium" | "low" | "info";
export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "info"];
export type AlertStatus = "active" | "acknowledged" | "resolved" | "suppressed";

export interface Alert {
  id: string;
  alert_type: string;
  severity: Severity;
  source: string;
  title: string;
  description: string | null;
  alert_metadata: Record<string, unknown>;
  status: AlertStatus;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  created_at: string;
  updated_at: string;
  hostname?: string | null;
  rule_id?: string | null;
  occurrences?: number;
  last_seen_at?: string | null;
}

export interface Process {
  process_id: number;
  process_name: string;
  hostname: string;
  cpu_percent: number | null;
  memory_mb: number | null;
  memory_percent: number | null;
  disk_read_bytes: number | null;
  disk_write_bytes: number | null;
  status: string | null;
  timestamp: string;
  username: string | null;
  ppid: number | null;
  num_threads: number | null;
  fd_count: number | null;
  fd_limit: number | null;
  children_cpu_percent: number | null;
  memory_pss_mb: number | null;
  memory_swap_mb: number | null;
  major_faults_per_sec: number | null;
  unit: string | null;
  container_id: string | null;
  cmdline: string | null;
  started_at: string | null;
}

export interface Snapshot {
  hostname: string;
  timestamp: string;
  scanned: number;
  other: { count: number; cpu_percent: number | null; memory_mb: number | null } | null;
  processes: Process[];
}

export interface SeriesAnswer {
  step_seconds: number;
  t: number[];
  series: {
    metric_type: string;
    tags: Record<string, string>;
    unit: string | null;
    avg: (number | null)[];
    min: (number | null)[];
    max: (number | null)[];
  }[];
}

export interface HostEvent {
  id: number | string;
  hostname: string;
  event_type: string;
  timestamp: string;
  detail: Record<string, unknown>;
}
