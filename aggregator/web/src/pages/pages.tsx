// Which page stands behind which address.
import type { ComponentType } from "preact";
import { Empty } from "../parts/states";
import { href } from "../lib/router";

export function pageOf(path: string[]): ComponentType | undefined {
  const [place, , sub] = path;
  void place; void sub;
  return undefined;
}

export function NotFound() {
  return (
    <div class="panel">
      <Empty title="There is no such page"><a href={href(["hosts"])}>To the hosts</a></Empty>
    </div>
  );
}
