// The numbers behind a chart, for those who cannot see it or want to copy them.
import { useState } from "preact/hooks";
import { format, type Unit } from "../lib/format";
import { figures, type ChartData } from "../lib/series";
import { absolute } from "../lib/time";
import { PlainTable } from "./plain_table";

interface Props {
  title: string;
  data: ChartData;
  unit: Unit;
}

export function FigureTable({ title, data, unit }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details class="figures" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Show as table</summary>
      {open && <Tables title={title} data={data} unit={unit} />}
    </details>
  );
}

function Tables({ title, data, unit }: Props) {
  const moments = data.t
    .map((time, i) => ({ time, i }))
    .filter(({ i }) => data.lines.some((line) => line.values[i] !== null))
    .reverse();
  const of = (name: string): [string, string] => [name, "num"];
  return (
    <>
      <PlainTable
        caption={`${title}: summary`}
        heads={[["Series"], ...["last", "min", "avg", "max"].map(of)]}
        rows={data.lines.map((line) => {
          const f = figures(line.values);
          return { key: line.label, cells: [line.label, ...[f?.last, f?.min, f?.avg, f?.max].map((v) => format(unit, v))] };
        })}
        scrolls
      />
      <PlainTable
        caption={`${title}: values, newest first`}
        heads={[["Time"], ...data.lines.map((line) => of(line.label))]}
        rows={moments.map(({ time, i }) => ({
          key: time,
          time,
          cells: [absolute(time), ...data.lines.map((line) => <span key={line.label} data-value={line.values[i] ?? ""}>{format(unit, line.values[i])}</span>)],
        }))}
        scrolls
      />
    </>
  );
}
