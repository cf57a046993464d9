// Names with values: in a row (facts) or as two columns (pairs). What is null is left out.
import type { ComponentChildren } from "preact";

type Entries = [name: string, value: ComponentChildren][];

const shown = (of: Entries) => of.filter(([, value]) => value !== null && value !== undefined && value !== "");

export const Facts = ({ of }: { of: Entries }) => (
  <dl class="facts">
    {shown(of).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
  </dl>
);

export const Pairs = ({ of }: { of: Entries }) => (
  <dl class="pairs">
    {shown(of).map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
  </dl>
);
