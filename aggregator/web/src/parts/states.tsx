// Empty, loading and error states, each with something to do.
import type { ComponentChildren } from "preact";
import { ApiError, askForToken } from "../lib/api";
import type { Resource } from "../lib/resource";
import { Guard } from "./guard";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

export const Loading = ({ what }: { what: string }) => (
  <div class="state" role="status">Loading {what}…</div>
);

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return "Sign in with a token first.";
  if (error.status === 404 && error.message === "Not Found") return "This server does not offer it.";
  return error.message;
}

export function Failure({ error, reload }: { error: ApiError; reload: () => void }) {
  return (
    <div class="state" role="alert">
      <strong>This could not be loaded</strong>
      <div class="wrap">{explain(error)}</div>
      {error.status === 401
        ? <button type="button" class="primary" onClick={() => askForToken("viewer", true)}>Sign in</button>
        : <button type="button" onClick={reload}>Try again</button>}
    </div>
  );
}

export const Outdated = ({ error, reload }: { error: ApiError; reload: () => void }) => (
  <div class="notice bad" role="alert">
    <span>Not up to date: {explain(error)}</span>
    <button type="button" class="end" onClick={reload}>Try again</button>
  </div>
);

interface LoadedProps<T> {
  from: Resource<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// A component of its own, so that a fault in drawing the data is caught by the guard around it.
const Shown = <T,>({ data, draw }: { data: T; draw: (data: T) => ComponentChildren }) => <>{draw(data)}</>;

// The data; while an error stands, the last good ones with a notice above.
export function Loaded<T>({ from, what, children }: LoadedProps<T>) {
  if (from.data === undefined) {
    return from.error ? <Failure error={from.error} reload={from.reload} /> : <Loading what={what} />;
  }
  return (
    <>
      {from.error && <Outdated error={from.error} reload={from.reload} />}
      <Guard what={sentence(what)} of={from.data} retry={from.reload}><Shown data={from.data} draw={children} /></Guard>
    </>
  );
}
