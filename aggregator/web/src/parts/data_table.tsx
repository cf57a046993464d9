// A sortable table that draws only the rows in sight, so that thousands stay smooth.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { moveInTable } from "../lib/keys";
import { sorted, type Cell, type Sort } from "../lib/sorting";

export interface Column<T> {
  id: string;
  title: string;
  help?: string; // what the figure means, shown on hover
  numeric?: boolean;
  priority?: 2 | 3 | 4; // narrower windows leave out 4, then 3, then 2
  value?: (row: T) => Cell; // makes the column sortable
  render: (row: T) => ComponentChildren;
  className?: string;
}

interface Props<T> {
  caption: string;
  columns: Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onOpen?: (row: T) => void;
  rowClass?: (row: T) => string | undefined;
  selected?: string | null | undefined;
  empty: ComponentChildren;
  free?: boolean; // grows with its rows instead of scrolling in a box
}

const ROW = 32; // pixels, as table.css has it
const ALL_UP_TO = 120; // so many rows are simply drawn
const SPARE = 12; // rows drawn beyond the edges

export function DataTable<T>(props: Props<T>) {
  const { columns, rows, sort, rowKey } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 900 });
  const [active, setActive] = useState(-1);

  const column = columns.find((c) => c.id === sort.column && c.value);
  const ordered = useMemo(
    () => (column?.value ? sorted(rows, column.value, sort.descending) : rows),
    [rows, column?.id, sort.descending],
  );

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setScroll({ top: element.scrollTop, height: element.clientHeight });
    measure();
    let frame = 0;
    const later = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    element.addEventListener("scroll", later, { passive: true });
    const observer = new ResizeObserver(later);
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", later);
      observer.disconnect();
    };
  }, []);

  const windowed = !props.free && ordered.length > ALL_UP_TO;
  const first = windowed ? Math.max(0, Math.floor(scroll.top / ROW) - SPARE) : 0;
  const last = windowed ? Math.min(ordered.length, first + Math.ceil(scroll.height / ROW) + 2 * SPARE) : ordered.length;

  const activate = (index: number) => {
    setActive(index);
    if (windowed && box.current) {
      const element = box.current;
      const y = index * ROW;
      if (y < element.scrollTop + ROW) element.scrollTop = Math.max(0, y - ROW);
      else if (y + 3 * ROW > element.scrollTop + element.clientHeight) element.scrollTop = y + 3 * ROW - element.clientHeight;
      setScroll({ top: element.scrollTop, height: element.clientHeight });
    }
    requestAnimationFrame(() => {
      box.current?.querySelector<HTMLElement>(`tr[data-index="${index}"]`)?.focus({ preventScroll: windowed });
    });
  };

  useEffect(() => {
    return moveInTable({
      move: (by) => {
        if (ordered.length === 0) return;
        activate(Math.max(0, Math.min(ordered.length - 1, active + by)));
      },
      open: () => {
        const row = ordered[active];
        const focused = document.activeElement;
        if (row && focused instanceof HTMLTableRowElement && box.current?.contains(focused)) props.onOpen?.(row);
      },
    });
  });

  const sortBy = (id: string, numeric?: boolean) =>
    props.onSort(id === sort.column ? { column: id, descending: !sort.descending } : { column: id, descending: !!numeric });

  return (
    <div class={`table-box${props.free ? " free" : ""}`} ref={box} tabIndex={0} role="region" aria-label={props.caption}>
      <table class="data" aria-rowcount={ordered.length + 1}>
        <caption class="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <Heading key={c.id} column={c} sort={sort} onSort={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Spacer rows={first} columns={columns.length} />}
          {ordered.slice(first, last).map((row, i) => {
            const index = first + i;
            const key = rowKey(row);
            return (
              <tr
                key={key}
                data-index={index}
                data-key={key}
                tabIndex={-1}
                aria-rowindex={windowed ? index + 2 : undefined}
                aria-selected={props.selected === key ? "true" : undefined}
                class={[props.onOpen ? "open" : "", props.rowClass?.(row) ?? ""].join(" ").trim() || undefined}
                onFocus={() => setActive(index)}
                onClick={(event) => {
                  if (!(event.target as Element).closest("a, button, input")) props.onOpen?.(row);
                }}
              >
                {columns.map((c, n) => {
                  const className = cellClass(c);
                  return n === 0 ? (
                    <th scope="row" class={className} key={c.id}>{c.render(row)}</th>
                  ) : (
                    <td class={className} key={c.id}>{c.render(row)}</td>
                  );
                })}
              </tr>
            );
          })}
          {last < ordered.length && <Spacer rows={ordered.length - last} columns={columns.length} />}
        </tbody>
      </table>
      {ordered.length === 0 && <div class="state">{props.empty}</div>}
    </div>
  );
}

function cellClass<T>(column: Column<T>): string | undefined {
  const words = [column.numeric ? "num" : "", column.priority ? `p${column.priority}` : "", column.className ?? ""];
  return words.filter(Boolean).join(" ") || undefined;
}

interface HeadingProps<T> {
  column: Column<T>;
  sort: Sort;
  onSort: (id: string, numeric?: boolean) => void;
}

function Heading<T>({ column, sort, onSort }: HeadingProps<T>) {
  const mine = sort.column === column.id;
  const direction = sort.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={cellClass(column)} aria-sort={mine && column.value ? direction : undefined} title={column.help}>
      {column.value ? (
        <button type="button" onClick={() => onSort(column.id, column.numeric)}>
          {column.title}
          <span class="arrow" aria-hidden="true">{mine ? (sort.descending ? "▼" : "▲") : ""}</span>
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

function Spacer({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr class="spacer" aria-hidden="true">
      <td colSpan={columns} style={{ height: `${rows * ROW}px` }} />
    </tr>
  );
}
