// Which page stands behind which address.
import type { ComponentType } from "preact";
import { Empty } from "../parts/states";
import { HostPage } from "./host";
import { ProcessesPage } from "./processes";
import { href } from "../lib/router";

export function pageOf(path: string[]): ComponentType | undefined {
  const [place, , sub] = path;
  if (place === "hosts" && path.length === 2) return HostPage;
  if (place === "hosts" && sub === "processes" && path.length === 3) return ProcessesPage;
  return undefined;
}

export function NotFound() {
  return (
    <div class="panel">
      <Empty title="There is no such page"><a href={href(["hosts"])}>To the hosts</a></Empty>
    </div>
  );
}
