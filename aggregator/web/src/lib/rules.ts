// Alert rules: their fields, and their conditions in words.
import { formatUnit } from "./format";
import type { Body, Rule } from "./schema";

export type RuleType = Rule["rule_type"];
export type RuleDraft = Pick<Rule, "name" | "description" | "rule_type" | "condition" | "severity" | "notification_channels" | "cooldown_minutes" | "is_active">;

// The server judges the condition; here it is whatever the form holds.
export const bodyOf = (draft: Partial<RuleDraft>) => draft as unknown as Body<"post", ["alert-rules"]>;

export const TYPES: [RuleType, string][] = [
  ["system_metric", "a figure of a host"],
  ["process_metric", "a figure of processes"],
  ["service_health", "the health of a service"],
  ["host_silent", "a host that is silent"],
];

export interface FieldSpec {
  name: string;
  label: string;
  kind: "text" | "number" | "choice";
  hint?: string;
  options?: [string, string][];
  initial?: string | number; // for new rules
  more?: boolean; // shown on demand
}

const WINDOW: FieldSpec = { name: "time_window_minutes", label: "Over the last … minutes", kind: "number", initial: 5, hint: "1 to 1,440" };
const HOSTS: FieldSpec = { name: "hostname", label: "Hosts", kind: "text", hint: "A name; * stands for any text. Empty: all" };
const LASTING: FieldSpec[] = [
  { name: "for_minutes", label: "Fires after … minutes", kind: "number", more: true },
  { name: "keep_firing_minutes", label: "Resolves after … minutes", kind: "number", more: true },
];
const LIMIT: FieldSpec[] = [
  {
    name: "aggregation", label: "Taken as", kind: "choice", initial: "avg",
    options: [["avg", "average"], ["min", "lowest"], ["max", "highest"], ["last", "newest"], ["sum", "sum"], ["p95", "95th percentile"], ["fraction", "share of samples beyond the limit"], ["rate", "change per second"], ["predict", "forecast"]],
  },
  {
    name: "operator", label: "Compared", kind: "choice", initial: ">",
    options: [[">", "above"], [">=", "at or above"], ["<", "below"], ["<=", "at or below"], ["==", "equal to"], ["!=", "not equal to"]],
  },
  { name: "threshold", label: "Limit", kind: "number", initial: 90 },
  WINDOW,
  HOSTS,
  { name: "clear_threshold", label: "Clear at", kind: "number", more: true, hint: "Once fired, it goes on until the value is back here" },
  { name: "critical_threshold", label: "Critical at", kind: "number", more: true, hint: "A second limit" },
  ...LASTING,
];

const PROCESS_FIELDS: [string, string][] = [
  ["cpu_percent", "CPU, % of one core"],
  ["memory_mb", "memory, MiB"],
  ["memory_percent", "memory, % of the host"],
  ["process_count", "how many there are"],
  ["num_threads", "threads"],
  ["fd_count", "open files"],
  ["uptime_seconds", "age, seconds"],
  ["disk_read_bytes", "bytes read"],
  ["disk_write_bytes", "bytes written"],
];

export const CONDITION_FIELDS: Record<RuleType, FieldSpec[]> = {
  system_metric: [
    { name: "metric_type", label: "Figure", kind: "text", initial: "cpu_usage_percent" },
    { name: "label", label: "Part", kind: "text", hint: "A disk, interface or mount point", more: true },
    { name: "divided_by", label: "Divided by", kind: "text", more: true },
    { name: "multiplied_by", label: "Times", kind: "number", more: true },
    ...LIMIT,
  ],
  process_metric: [
    { name: "process_name", label: "Process", kind: "text", hint: "A name; * stands for any text" },
    { name: "metric_field", label: "Figure", kind: "choice", options: PROCESS_FIELDS, initial: "cpu_percent" },
    { name: "group_by", label: "Counted", kind: "choice", options: [["process", "one by one"], ["name", "together by name"], ["unit", "together by unit"]], initial: "process", more: true },
    ...LIMIT,
  ],
  service_health: [
    { name: "service_name", label: "Service", kind: "text", hint: "A name; * stands for any text" },
    { name: "fault", label: "Fires when it is", kind: "choice", options: [["any", "down or slow"], ["down", "down"], ["slow", "slow"]], initial: "any" },
    { name: "max_response_time_ms", label: "Slow above … ms", kind: "number" },
    ...LASTING,
  ],
  host_silent: [
    { name: "intervals", label: "Missed collections", kind: "number", initial: 3 },
    { name: "least_seconds", label: "But at least … seconds", kind: "number", more: true },
    HOSTS,
    ...LASTING,
  ],
};

export function emptyRule(type: RuleType): RuleDraft {
  const condition = Object.fromEntries(CONDITION_FIELDS[type].filter((f) => f.initial !== undefined).map((f) => [f.name, f.initial!]));
  return { name: "", description: null, rule_type: type, condition, severity: "high", notification_channels: [], cooldown_minutes: 5, is_active: true };
}

export function inWords(rule: RuleDraft, unit?: string): string {
  const c = rule.condition;
  const text = (name: string) => (c[name] === undefined || c[name] === null ? "" : String(c[name]));
  const option = (fields: FieldSpec[], name: string) => fields.find((f) => f.name === name)?.options?.find(([v]) => v === text(name))?.[1] ?? text(name);
  const where = text("hostname") && text("hostname") !== "*" ? ` on ${text("hostname")}` : "";
  if (rule.rule_type === "service_health") return `${text("service_name")} is ${option(CONDITION_FIELDS.service_health, "fault") || "down or slow"}`;
  if (rule.rule_type === "host_silent") return `silent for ${text("intervals") || 3} collections${where}`;
  const fields = CONDITION_FIELDS[rule.rule_type];
  const figure = rule.rule_type === "system_metric"
    ? (text("multiplied_by") && text("multiplied_by") + " × ") + text("metric_type") + (text("divided_by") && " / " + text("divided_by")) + (text("label") && " of " + text("label"))
    : `${option(fields, "metric_field") || "CPU, % of one core"} of ${text("process_name")}`;
  const limit = (name: string) => {
    const value = c[name];
    return typeof value === "number" && unit && !text("divided_by") ? formatUnit(unit, value) : text(name);
  };
  const critical = text("critical_threshold") && `, critical at ${limit("critical_threshold")}`;
  return `${option(fields, "aggregation") || "average"} ${figure} ${option(fields, "operator") || "above"} ${limit("threshold")} over ${text("time_window_minutes") || 5} min${critical}${where}`;
}
