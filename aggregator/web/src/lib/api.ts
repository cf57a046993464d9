// Requests to the API. The token lives in this tab's session and goes into a header, never a URL.
import { signal } from "@preact/signals";
import type { Answer, Body, Me, Path, Query } from "./schema";

const BASE = "/api/v1";
const KEY = "chorus.token";
const SESSION = `${KEY}.session`;
const TIMEOUT_MS = 30_000;

export interface FieldError {
  field: string; // "condition.threshold", or "" for the whole
  message: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    message: string,
    readonly fields: FieldError[] = [],
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

function readToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export const token = signal(readToken());
export const wantsToken = signal<Me["role"] | null>(null); // the least role that was missing
let declined = false; // "not now": pages then say what is missing instead of asking again

// What somebody does asks again after "not now"; what is merely looked at does not.
export function askForToken(role: Me["role"] = "viewer", always = role !== "viewer"): void {
  if (always || !declined) wantsToken.value = role;
}

export function decline(): void {
  declined = true;
  wantsToken.value = null;
}

// `session` is the token's id if it was made for this tab alone.
export function useToken(value: string, session?: number): void {
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
    if (session) sessionStorage.setItem(SESSION, String(session));
    else sessionStorage.removeItem(SESSION);
  } catch {
    // It then lasts until the page is left.
  }
  declined = false;
  wantsToken.value = null;
  token.value = value;
}

function sessionId(): string | null {
  try {
    return sessionStorage.getItem(SESSION);
  } catch {
    return null;
  }
}

// What was shown to one user is not left to the next, and a session ends with its tab's sign-out.
export async function signOut(): Promise<void> {
  const id = sessionId();
  if (id) await request(apiPath(["tokens", id]), { method: "DELETE", quiet: true }).catch(() => undefined);
  useToken("");
  location.reload();
}

export function authorization(): Record<string, string> {
  return token.value ? { Authorization: `Bearer ${token.value}` } : {};
}

interface Fault {
  loc?: (string | number)[];
  msg?: string;
}

async function errorOf(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get("Retry-After")) || null;
  let detail: unknown;
  try {
    detail = ((await response.json()) as { detail?: unknown }).detail;
  } catch {
    detail = undefined;
  }
  if (Array.isArray(detail)) {
    const fields = (detail as Fault[]).map((fault) => ({
      field: (fault.loc ?? []).slice(1).join("."),
      message: fault.msg ?? "not accepted",
    }));
    return new ApiError(response.status, fields.map((f) => `${f.field}: ${f.message}`).join("; "), fields, retry);
  }
  const text = typeof detail === "string" ? detail : `The server answered ${response.status}`;
  return new ApiError(response.status, text, [], retry);
}

type Parameters = Record<string, string | number | boolean | null | undefined | string[]> | undefined;

export function apiPath(path: readonly string[], parameters: Parameters = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") words.append(name, String(one));
    }
  }
  const text = words.toString();
  return `${BASE}/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export interface Options {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  quiet?: boolean; // nobody is asked to sign in for it
}

const roleFor = (path: string, method = "GET"): Me["role"] => (path.startsWith(`${BASE}/tokens`) ? "admin" : method === "GET" ? "viewer" : "operator");

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...authorization(), ...options.headers };
  const init: RequestInit = { method: options.method ?? "GET", headers, cache: "no-store" };
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  init.signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, timeout.aborted ? "The server did not answer in time" : "The server cannot be reached");
  }
  if (!response.ok) {
    const error = await errorOf(response);
    if (response.status === 401 && !options.quiet) askForToken(roleFor(path, options.method));
    throw error;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

// Path, parameters, body and answer have the types of the API's description: what is not there does
// not compile.
export const get = <const P extends Path<"get">>(path: P, parameters?: Query<P>, signal?: AbortSignal): Promise<Answer<"get", P>> =>
  request(apiPath(path, parameters as Parameters), { signal });

type Change = "POST" | "PATCH" | "DELETE";

export const send = <M extends Change, const P extends Path<Lowercase<M>>>(method: M, path: P, body?: Body<Lowercase<M>, P>, quiet?: boolean): Promise<Answer<Lowercase<M>, P>> =>
  request(apiPath(path), { method, body, quiet });
