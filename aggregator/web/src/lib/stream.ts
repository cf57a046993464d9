// The live stream (SSE), read through fetch because EventSource cannot send a header.
import { signal } from "@preact/signals";
import { apiPath, askForToken, authorization, token } from "./api";

// polling: the server has no stream for us; pages then refresh by their timers alone.
export type Connection = "connecting" | "live" | "polling" | "reconnecting";
export const connection = signal<Connection>("connecting");

export interface StreamEvent {
  type: string;
  data: unknown;
}

type Listener = (event: StreamEvent) => void;
const listeners = new Set<Listener>();

export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Splits the text of a stream into events; keeps what is not complete yet.
export class EventParser {
  private rest = "";
  lastId = "";
  retryMs = 3000;

  *push(text: string): Generator<StreamEvent> {
    this.rest += text;
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.rest);
      if (!end) return;
      const block = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      const event = this.parse(block);
      if (event) yield event;
    }
  }

  // A broken connection leaves half an event behind.
  reset(): void {
    this.rest = "";
  }

  private parse(block: string): StreamEvent | null {
    let type = "message";
    const data: string[] = [];
    for (const line of block.split(/\r?\n/)) {
      const colon = line.indexOf(":");
      if (colon === 0) continue; // a comment: the ping
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") type = value;
      else if (name === "data") data.push(value);
      else if (name === "id") this.lastId = value;
      else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    }
    if (data.length === 0) return null;
    try {
      return { type, data: JSON.parse(data.join("\n")) as unknown };
    } catch {
      return null;
    }
  }
}

const SILENCE_MS = 40_000; // the server pings every 15 s
const POLL_AGAIN_MS = 60_000; // a server without a stream may be replaced by one that has it

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function readOnce(parser: EventParser): Promise<"ended" | "missing" | "refused"> {
  const abort = new AbortController();
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  const used = token.value;
  const unsubscribe = token.subscribe((value) => {
    if (value !== used) abort.abort(); // another user from now on
  });
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream", ...authorization() };
    if (parser.lastId) headers["Last-Event-ID"] = parser.lastId;
    const response = await fetch(apiPath(["stream"]), { headers, signal: abort.signal, cache: "no-store" });
    if (response.status === 401 || response.status === 403) {
      if (response.status === 401) askForToken();
      return "refused";
    }
    // Not offered, or taken by as many others as it allows.
    if (response.status === 404 || response.status === 503) return "missing";
    if (!response.ok || !response.body) return "ended";
    connection.value = "live";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return "ended";
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
      for (const event of parser.push(value)) for (const listener of listeners) listener(event);
    }
  } catch {
    return "ended";
  } finally {
    clearTimeout(watchdog);
    unsubscribe();
    abort.abort();
    parser.reset();
  }
}

export async function runStream(): Promise<void> {
  const parser = new EventParser();
  let failures = 0;
  for (;;) {
    const outcome = await readOnce(parser);
    if (outcome === "missing") {
      connection.value = "polling";
      await pause(POLL_AGAIN_MS);
    } else if (outcome === "refused") {
      connection.value = "reconnecting";
      const used = token.value;
      while (token.value === used) await pause(500);
    } else {
      failures = connection.value === "live" ? 0 : failures + 1;
      connection.value = "reconnecting";
      await pause(Math.min(30_000, parser.retryMs * 2 ** Math.min(failures, 4)) * (0.5 + Math.random() / 2));
    }
  }
}
