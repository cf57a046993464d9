// The address holds the whole view: `#/hosts/web-01?range=1h`. A fragment needs no help from the
// server, works below any prefix and never reaches a log.
import { signal } from "@preact/signals";

export interface Route {
  path: string[]; // decoded
  query: Record<string, string>;
}

export type Query = Record<string, string | number | null | undefined>;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export const route = signal<Route>(parse(location.hash));
const follow = () => (route.value = parse(location.hash));
addEventListener("hashchange", follow);
addEventListener("popstate", follow);

export function href(path: string[], query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") words.set(name, String(value));
  }
  const text = words.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(path: string[], query: Query = {}): void {
  location.hash = href(path, query);
}

// Changes part of the view. What is typed or dragged replaces the entry of the history; a step that
// "back" should undo makes one of its own.
export function setQuery(patch: Query, how: "replace" | "push" = "replace"): void {
  const target = href(route.value.path, { ...route.value.query, ...patch });
  if (target === location.hash) return;
  if (how === "push") location.hash = target;
  else {
    history.replaceState(null, "", target);
    follow();
  }
}
