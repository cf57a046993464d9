// Figures as text: IEC units, a fixed number of digits, an en dash for what is unknown.
export const UNKNOWN = "–";

type Maybe = number | null | undefined;
const known = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value);

function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.095) return value.toFixed(2).replace(/0$/, "");
  return value.toFixed(3).replace(/0+$/, "").replace(/\.$/, "");
}

export function percent(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  if (value !== 0 && Math.abs(value) < 0.05) return "<0.1 %";
  return `${value >= 1000 ? count(Math.round(value)) : value.toFixed(1)} %`;
}

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 999.5 && unit < BINARY.length - 1) {
    size /= 1024;
    ++unit;
  }
  return `${unit === 0 ? Math.round(size) : digits(size)} ${BINARY[unit]}`;
}

export const mebibytes = (value: Maybe): string => bytes(known(value) ? value * 1048576 : value);
export const byteRate = (value: Maybe): string => (known(value) ? `${bytes(value)}/s` : UNKNOWN);
export const rate = (value: Maybe): string => (known(value) ? `${digits(value)}/s` : UNKNOWN);

export function count(value: Maybe): string {
  return known(value) ? value.toLocaleString("en-GB", { maximumFractionDigits: 1 }) : UNKNOWN;
}

export function plain(value: Maybe): string {
  return known(value) ? digits(value) : UNKNOWN;
}

export function milliseconds(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  if (Math.abs(value) < 1000) return `${digits(value)} ms`;
  return Math.abs(value) < 60_000 ? `${digits(value / 1000)} s` : duration(value / 1000);
}

// The two largest units of a span: "3 d 4 h".
export function duration(seconds: Maybe): string {
  if (!known(seconds)) return UNKNOWN;
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
}

export type Unit = "percent" | "bytes" | "bytes_per_sec" | "per_sec" | "count" | "ms" | "plain" | "mb";

const FORMATS: Record<Unit, (value: Maybe) => string> = {
  percent,
  bytes,
  bytes_per_sec: byteRate,
  per_sec: rate,
  count,
  ms: milliseconds,
  plain,
  mb: mebibytes,
};

export const format = (unit: Unit, value: Maybe): string => FORMATS[unit](value);

// Units as the API's catalogue names them.
export function formatUnit(unit: string | null, value: Maybe): string {
  switch (unit) {
    case "percent":
    case "bytes":
    case "bytes_per_sec":
    case "per_sec":
    case "count":
    case "ms":
    case "mb":
      return format(unit, value);
    case "gb":
      return bytes(known(value) ? value * 1073741824 : value);
    case "seconds":
      return duration(value);
    case "celsius":
      return known(value) ? `${digits(value)} °C` : UNKNOWN;
    case null:
    case "":
    case "avg":
    case "bool":
      return plain(value);
    default:
      return known(value) ? `${digits(value)} ${unit}` : UNKNOWN;
  }
}
