// Keyboard: `/` `?` `g h` `g a` … and j, k, Enter in the table of the page.
import { signal } from "@preact/signals";
import { go } from "./router";

export const helpOpen = signal(false);

interface TableKeys {
  move: (by: number) => void;
  open: () => void;
}

// The table that was drawn last has the keys.
let table: TableKeys | null = null;

export function moveInTable(keys: TableKeys): () => void {
  table = keys;
  return () => {
    if (table === keys) table = null;
  };
}

// What Esc closes when no dialog is open: the innermost panel of the page.
const closers: (() => void)[] = [];

export function onEscape(close: () => void): () => void {
  closers.push(close);
  return () => {
    const at = closers.lastIndexOf(close);
    if (at >= 0) closers.splice(at, 1);
  };
}

export const PLACES: Record<string, { path: string[]; name: string }> = {
  h: { path: ["hosts"], name: "Hosts" },
  s: { path: ["services"], name: "Services" },
  a: { path: ["alerts"], name: "Alerts" },
  r: { path: ["rules"], name: "Rules" },
  y: { path: ["system"], name: "System" },
};

let afterG = 0; // until when a letter names a place

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "range", "radio", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inField = typing(event.target);
    if (event.key === "Escape") {
      if (document.querySelector("dialog[open]")) return; // the dialog closes itself
      if (inField) (event.target as HTMLElement).blur();
      else closers.at(-1)?.();
      return;
    }
    if (inField || document.querySelector("dialog[open]")) return;
    const letter = event.key;
    if (afterG > event.timeStamp && PLACES[letter]) {
      afterG = 0;
      go(PLACES[letter].path);
    } else if (letter === "g") {
      afterG = event.timeStamp + 1500;
      return;
    } else if (letter === "/") {
      const filter = document.querySelector<HTMLInputElement>("input[type=search]");
      if (!filter) return;
      filter.focus();
      filter.select();
    } else if (letter === "?") helpOpen.value = true;
    else if (letter === "j") table?.move(1);
    else if (letter === "k") table?.move(-1);
    else if (letter === "Enter") {
      table?.open();
      return;
    } else return;
    event.preventDefault();
  });
}
