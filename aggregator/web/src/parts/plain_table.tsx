// A short table as it is: no sorting, every row drawn. The first cell of a row is its heading.
import type { ComponentChildren } from "preact";

interface Props {
  caption: string;
  heads: [title: string, className?: string][];
  rows: { key: string | number; cells: ComponentChildren[]; time?: number }[];
  scrolls?: boolean; // in a box of its own, with the heads in sight
}

export function PlainTable({ caption, heads, rows, scrolls }: Props) {
  return (
    <div class={`table-box${scrolls ? "" : " free"}`} tabIndex={0} role="region" aria-label={caption}>
      <table class={`data${scrolls ? "" : " plain"}`}>
        <caption class="visually-hidden">{caption}</caption>
        <thead><tr>{heads.map(([title, name]) => <th key={title} scope="col" class={name}>{title}</th>)}</tr></thead>
        <tbody>
          {rows.map(({ key, cells, time }) => (
            <tr key={key} data-time={time}>
              {cells.map((cell, i) => i === 0 ? <th scope="row" class={heads[i]?.[1]} key={i}>{cell}</th> : <td class={heads[i]?.[1]} key={i}>{cell}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
