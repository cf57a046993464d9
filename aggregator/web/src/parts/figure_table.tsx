// The numbers behind a chart, for those who cannot see it or want to copy them.
import { useState } from "preact/hooks";
import { format, type Unit } from "../lib/format";
import { figures, type ChartData } from "../lib/series";
import { absolute } from "../lib/time";

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
  return (
    <>
      <div class="table-box" tabIndex={0} role="region" aria-label={`${title}: summary`}>
        <table class="data">
          <caption class="visually-hidden">{title}: last, lowest, average and highest value</caption>
          <thead>
            <tr>{["", "last", "min", "avg", "max"].map((name, i) => <th scope="col" class={i ? "num" : ""} key={name}>{name || "series"}</th>)}</tr>
          </thead>
          <tbody>
            {data.lines.map((line) => {
              const f = figures(line.values);
              return (
                <tr key={line.label}>
                  <th scope="row">{line.label}</th>
                  {[f?.last, f?.min, f?.avg, f?.max].map((v, i) => <td class="num" key={i}>{format(unit, v)}</td>)}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div class="table-box" tabIndex={0} role="region" aria-label={`${title}: values`}>
        <table class="data values">
          <caption class="visually-hidden">{title}: values over time, newest first</caption>
          <thead>
            <tr>
              <th scope="col">time</th>
              {data.lines.map((line) => <th scope="col" class="num" key={line.label}>{line.label}</th>)}
            </tr>
          </thead>
          <tbody>
            {moments.map(({ time, i }) => (
              <tr key={time} data-time={time}>
                <th scope="row">{absolute(time)}</th>
                {data.lines.map((line) => (
                  <td class="num" key={line.label} data-value={line.values[i] ?? ""}>{format(unit, line.values[i])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
