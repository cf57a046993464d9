// Which charts the host page has, and from which metrics.
import type { LineSpec } from "../lib/series";
import type { Unit } from "../lib/format";

export interface ChartSpec {
  id: string;
  title: string;
  help: string;
  unit: Unit;
  top?: number;
  lines: LineSpec[];
  scale?: number; // what the API's values are multiplied with
}

const virtual = (device: string) => /^(loop|ram|zram|sr|fd)\d/.test(device);

export const HOST_CHARTS: ChartSpec[] = [
  {
    id: "cpu", title: "CPU by mode", unit: "percent", top: 100,
    help: "Share of the time of all cores. I/O wait: idle while a disk was waited for. Steal: time the hypervisor gave to others.",
    lines: [
      { metric: "cpu_usage_percent", label: "busy" },
      { metric: "cpu_user_percent", label: "user" },
      { metric: "cpu_system_percent", label: "system" },
      { metric: "cpu_iowait_percent", label: "I/O wait" },
      { metric: "cpu_steal_percent", label: "steal" },
      { metric: "cpu_nice_percent", label: "nice" },
      { metric: "cpu_softirq_percent", label: "soft interrupts" },
    ],
  },
  {
    id: "memory", title: "Memory", unit: "mb",
    help: "Used: what programs cannot get back. Available: what they can have without swapping.",
    lines: [
      { metric: "memory_used_mb", label: "used" },
      { metric: "memory_available_mb", label: "available" },
      { metric: "swap_used_mb", label: "swap used" },
      { metric: "memory_total_mb", label: "total" },
    ],
  },
  {
    id: "pressure", title: "Pressure", unit: "percent",
    help: "Share of time in which tasks waited. “Some”: at least one did. “Full”: all of them did.",
    lines: [
      { metric: "pressure_cpu_some_percent", label: "CPU, some" },
      { metric: "pressure_memory_some_percent", label: "memory, some" },
      { metric: "pressure_memory_full_percent", label: "memory, full" },
      { metric: "pressure_io_some_percent", label: "I/O, some" },
      { metric: "pressure_io_full_percent", label: "I/O, full" },
    ],
  },
  {
    id: "load", title: "Load", unit: "plain",
    help: "Tasks that ran, waited for a CPU or for a disk, averaged over 1, 5 and 15 minutes.",
    lines: [
      { metric: "load_avg_1min", label: "1 min" },
      { metric: "load_avg_5min", label: "5 min" },
      { metric: "load_avg_15min", label: "15 min" },
    ],
  },
  {
    id: "disk", title: "Disk throughput", unit: "bytes_per_sec",
    help: "Data read from and written to each disk.",
    lines: [
      { metric: "disk_read_bytes_per_sec", suffix: "read", skip: virtual },
      { metric: "disk_write_bytes_per_sec", suffix: "written", skip: virtual },
    ],
  },
  {
    id: "latency", title: "Disk latency", unit: "ms",
    help: "How long a request took on average, waiting included.",
    lines: [
      { metric: "disk_read_await_ms", suffix: "read", skip: virtual },
      { metric: "disk_write_await_ms", suffix: "write", skip: virtual },
    ],
  },
  {
    id: "filesystems", title: "File systems", unit: "percent", top: 100,
    help: "How full each file system is.",
    lines: [
      { metric: "disk_usage_percent", label: "/" },
      { metric: "disk_usage_percent", skip: (mount) => mount === "/" },
    ],
  },
  {
    id: "network", title: "Network", unit: "bytes_per_sec",
    help: "Data received and sent by each interface.",
    lines: [
      { metric: "network_receive_bytes_per_sec", suffix: "in", skip: (name) => name === "lo" },
      { metric: "network_transmit_bytes_per_sec", suffix: "out", skip: (name) => name === "lo" },
    ],
  },
  {
    id: "processes", title: "Processes", unit: "count",
    help: "Processes there are, that want to run, that wait for a disk, and that ended but were not collected (zombies).",
    lines: [
      { metric: "system_processes_count", label: "all" },
      { metric: "system_procs_running_count", label: "running" },
      { metric: "system_procs_blocked_count", label: "blocked" },
      { metric: "system_zombies_count", label: "zombies" },
    ],
  },
];
