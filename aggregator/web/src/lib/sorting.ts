// Sort orders of tables: `cpu` descending, `-cpu`… as they stand in the address.
export type Cell = number | string | null | undefined;

export interface Sort {
  column: string;
  descending: boolean;
}

export function readSort(text: string | undefined, fallback: Sort): Sort {
  if (!text) return fallback;
  return text.startsWith("-") ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

export const writeSort = (sort: Sort): string => `${sort.descending ? "-" : ""}${sort.column}`;

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// Unknown values come last in either order; equal ones keep their order.
export function sorted<T>(rows: readonly T[], value: (row: T) => Cell, descending: boolean): T[] {
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  const absent = (key: Cell) => key === null || key === undefined || key === "";
  keyed.sort((a, b) => {
    if (absent(a.key) || absent(b.key)) return Number(absent(a.key)) - Number(absent(b.key));
    const order =
      typeof a.key === "number" && typeof b.key === "number"
        ? a.key - b.key
        : collator.compare(String(a.key), String(b.key));
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

// Every word must occur somewhere in the row.
export function matches(filter: string, texts: (string | number | null | undefined)[]): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = texts.filter((t) => t !== null && t !== undefined).join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
