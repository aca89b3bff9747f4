// The HTTP API: its shapes, and how it is asked.
import { signal } from "@preact/signals";

/** ByLevel is six counts, by the number of the level. */
export type ByLevel = number[];

export interface LogState {
  name: string;
  size?: number;
  max_size?: number;
  oldest_time?: string;
  newest_time?: string;
  records?: number;
  full?: boolean;
  cleared?: boolean;
}

export interface Server {
  name: string;
  groups?: string[];
  kind: string;
  state: string;
  error?: string;
  checked?: string;
  last_event?: string;
  skew_ms?: number | null;
  hours?: { start: string; counts: ByLevel[] };
  logs?: LogState[];
  usual?: string[]; // logs that are read where none are chosen; not there: all
  refused?: boolean;
}

export interface Servers {
  version: number;
  every_seconds: number;
  servers: Server[];
}

/** Event is what scan prints as JSON. */
export interface Event {
  server?: string;
  log?: string;
  record?: number;
  time?: string;
  time_written?: string;
  id: number;
  event_id: number;
  type: string | number;
  level: string | number;
  category: number;
  source: string;
  computer: string;
  user?: string;
  user_name?: string;
  strings?: string[];
  names?: string[];
  data?: string;
  message?: string;
  message_by?: string;
  [more: string]: unknown;
}

export interface Row {
  rank: number;
  key: string;
  server: string;
  log: string;
  event: Event | null;
  gone?: string;
}

export interface Asked {
  servers?: string[];
  logs?: string[];
  query?: string;
  since?: string;
  until?: string;
  of?: string;
}

export interface AskedServer {
  name: string;
  state: string;
  error?: string;
  matched: number;
  examined: number;
  oldest?: string;
  done: boolean;
  losses?: number;
}

export interface Progress {
  id: string;
  version: number;
  query?: string;
  canonical?: string;
  since?: string;
  until?: string;
  done: boolean;
  total: number;
  examined: number;
  more?: string;
  first?: string;
  last?: string;
  servers: AskedServer[];
}

export interface Rows {
  version: number;
  total: number;
  done: boolean;
  pending: string[];
  first: number;
  rows: Row[];
}

export interface Histogram {
  version: number;
  done: boolean;
  since: string;
  until: string;
  step_ms: number;
  counts: ByLevel[];
}

export interface Value {
  value: string;
  count: number;
}

export interface Facet {
  field: string;
  exact: boolean;
  distinct: number;
  values: Value[];
  rare?: Value[];
  other: number;
  error?: string;
}

export interface Facets {
  version: number;
  done: boolean;
  of: number;
  facets: Facet[];
}

export interface Completion {
  text: string;
  detail?: string;
  from: number;
  to: number;
}

export interface QueryAnswer {
  canonical?: string;
  since?: string;
  until?: string;
  limit?: number;
  logs?: string[];
  error?: { offset: number; length: number; message: string };
  completions: Completion[];
}

export interface HexField {
  offset: number;
  length: number;
  path: string;
  value: string;
}

export interface Single {
  event: Event;
  xml: string;
  source_text?: { by: string; file?: string };
  hex?: { bytes: string; fields: HexField[] } | null;
  previous?: number;
  next?: number;
}

export interface View {
  name: string;
  title: string;
  query: string;
  servers?: string[];
  logs?: string[];
  range?: string;
  builtin?: boolean;
}

export interface About {
  version: string;
  computer?: string;
  time: string;
  zone?: string; // of the machine that the page comes from, where its name is known
  caller: { name?: string; sids: string[]; administrator: boolean };
}

export interface LoginWays {
  password: boolean;
  oidc: { name: string } | null;
}

/** Problem is what the API answers where it does not do what it was asked for. */
export class Problem extends Error {
  status: number;
  code: string;
  offset: number | undefined;
  span: number | undefined;

  constructor(status: number, detail: string, code: string, offset?: number, span?: number) {
    super(detail);
    this.status = status;
    this.code = code;
    this.offset = offset;
    this.span = span;
  }
}

/** stranger is true while nobody is logged in, or no longer. */
export const stranger = signal(false);

/** call asks the API; an answer that is none is a Problem, whatever it is. */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin", headers: { Accept: "application/json" } };
  if (signal) init.signal = signal;
  if (body instanceof Blob) init.body = body;
  else if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, init);
    text = await answer.text();
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Problem(0, "netelf does not answer: is it still running?", "unreachable");
  }
  let said: unknown;
  try {
    said = text ? JSON.parse(text) : undefined;
  } catch {
    // not of the API: something else stands between
    if (answer.ok) throw new Problem(answer.status, "this is no answer of netelf's: what stands between?", "");
  }
  if (answer.ok) return said as T;
  if (answer.status === 401) stranger.value = true;
  const p = (said ?? {}) as { detail?: string; code?: string; offset?: number; length?: number };
  throw new Problem(answer.status, p.detail || answer.statusText || `status ${answer.status}`, p.code ?? "", p.offset, p.length);
}

/** why is what an error says to the user. */
export function why(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}

/** passes says whether the same may go well a little later. */
export function passes(e: unknown): boolean {
  return e instanceof Problem && (e.status === 0 || e.status === 429 || e.status >= 502);
}

/** isDenied says whether the caller may not do what it asked for, whenever it asks. */
export function isDenied(e: unknown): boolean {
  return e instanceof Problem && e.code === "access-denied";
}

/** rest waits. */
export const rest = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

export const get = <T>(path: string, signal?: AbortSignal) => call<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown, signal?: AbortSignal) => call<T>("POST", path, body, signal);

/** query is the part of an address behind its path; what is empty is left out, a list is one part each. */
export function query(of: Record<string, string | number | readonly string[] | undefined>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(of)) {
    if (v === undefined || v === "") continue;
    if (typeof v === "object") for (const x of v) q.append(k, x);
    else q.set(k, String(v));
  }
  const text = q.toString();
  return text ? "?" + text : "";
}
