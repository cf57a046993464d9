// Which page stands behind which address.
import type { ComponentType } from "preact";
import { Empty } from "../parts/states";
import { href } from "../lib/router";
import { AlertPage } from "./alert";
import { AlertsPage } from "./alerts";
import { FleetPage } from "./fleet";
import { HostPage } from "./host";
import { ProcessesPage } from "./processes";
import { RulePage } from "./rule";
import { RulesPage } from "./rules";
import { ServicePage } from "./service";
import { ServicesPage } from "./services";
import { SystemPage } from "./system";

// `:` stands for any one segment.
const PAGES: [address: string, page: ComponentType][] = [
  ["", FleetPage],
  ["hosts", FleetPage],
  ["hosts/:", HostPage],
  ["hosts/:/processes", ProcessesPage],
  ["services", ServicesPage],
  ["services/:", ServicePage],
  ["alerts", AlertsPage],
  ["alerts/:", AlertPage],
  ["rules", RulesPage],
  ["rules/:", RulePage],
  ["system", SystemPage],
];

export function pageOf(path: string[]): ComponentType {
  const fits = (address: string) => {
    const parts = address.split("/").filter(Boolean);
    return parts.length === path.length && parts.every((part, i) => part === ":" || part === path[i]);
  };
  return PAGES.find(([address]) => fits(address))?.[1] ?? NotFound;
}

function NotFound() {
  return (
    <div class="panel">
      <Empty title="There is no such page"><a href={href(["hosts"])}>To the hosts</a></Empty>
    </div>
  );
}
