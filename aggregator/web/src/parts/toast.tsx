// Says what has been done, for a few seconds.
import { signal } from "@preact/signals";

const message = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  message.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (message.value = ""), 5000);
}

export const Toast = () => (
  <div role="status" aria-live="polite">{message.value && <div class="toast">{message.value}</div>}</div>
);
