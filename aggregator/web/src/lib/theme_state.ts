// The theme as pages see it; charts draw again when it turns, because a canvas has no CSS.
import { signal } from "@preact/signals";
import { storedTheme, storeTheme, type Theme } from "./theme";

export const theme = signal<Theme>(storedTheme());
export const themeTurn = signal(0);

export function setTheme(value: Theme): void {
  theme.value = value;
  storeTheme(value);
  themeTurn.value++;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => themeTurn.value++);
