// What is looked at stands in the address, all of it: a view can be sent to
// somebody else, and Back undoes what was last changed.
import { computed, signal } from "@preact/signals";
import { known, zone } from "./time.ts";

export interface Place {
  server: string;
  log: string;
  record: number;
  time: string;
}

export interface View {
  page: "overview" | "events" | "tail" | "one" | "logs";
  q: string;
  servers: string[];
  logs: string[];
  since: string; // "8h", a time, or "" for no bound
  until: string;
  key: string; // of the event at the side
  one: Place | null;
}

/** span is what is looked at where nothing else is said. */
export const span = "8h";

/**
 * serverPart is a server's name as a part of a path. The service itself is "." in
 * netelf, which browsers take out of every path.
 */
export function serverPart(name: string): string {
  return name === "." ? "~" : encodeURIComponent(name);
}

const decoded = (part: string): string | null => {
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // somebody wrote it by hand
  }
};

// placeOf reads /e/SERVER/LOG/RECORD; null: there can be no event.
function placeOf(path: string[], time: string): Place | null {
  const [server, log, record] = path.slice(1).map(decoded);
  if (path.length !== 4 || !server || !log || !record || !/^[1-9]\d{0,15}$/.test(record)) return null;
  return { server: server === "~" ? "." : server, log, record: Number(record), time };
}

/** parse reads a view out of an address, whatever stands there. */
export function parse(url: URL): View {
  const p = url.searchParams;
  const list = (name: string) => [...new Set(p.getAll(name).filter((s) => s))];
  const path = url.pathname.split("/").filter((s) => s);
  const pages: Record<string, View["page"]> = { events: "events", tail: "tail", logs: "logs", e: "one" };
  return {
    page: Object.hasOwn(pages, path[0] ?? "") ? pages[path[0]!]! : "overview",
    q: p.get("q") ?? "",
    servers: list("server"),
    logs: list("log"),
    since: p.get("since") ?? span,
    until: p.get("until") ?? "",
    key: p.get("key") ?? "",
    one: path[0] === "e" ? placeOf(path, p.get("time") ?? "") : null,
  };
}

/** format is the address of a view. */
export function format(v: View, z = zone.value): string {
  let path: string = "/" + (v.page === "overview" ? "" : v.page);
  const p = new URLSearchParams();
  if (v.page === "one") {
    path = v.one ? `/e/${serverPart(v.one.server)}/${encodeURIComponent(v.one.log)}/${v.one.record}` : "/events";
    if (v.one?.time) p.set("time", v.one.time);
  } else if (v.page === "events" || v.page === "tail") {
    if (v.q) p.set("q", v.q);
    for (const s of v.servers) p.append("server", s);
    for (const l of v.logs) p.append("log", l);
    if (v.since !== span) p.set("since", v.since);
    if (v.until) p.set("until", v.until);
    if (v.key && v.page === "events") p.set("key", v.key);
  }
  if (z !== "local") p.set("zone", z);
  const q = p.toString();
  return path + (q ? "?" + q : "");
}

const here = () => new URL(location.href);

/** view is what is looked at. */
export const view = signal<View>(parse(here()));

/** asked is what of the view makes another result. */
export const asked = computed(() => {
  const { q, servers, logs, since, until } = view.value;
  return JSON.stringify({ q, servers, logs, since, until });
});

function readZone(url: URL): void {
  const z = url.searchParams.get("zone") ?? "local";
  zone.value = known(z) ? z : "local";
}

readZone(here());
addEventListener("popstate", () => {
  readZone(here());
  view.value = parse(here());
});

/** go changes the view; Back undoes it, unless it only refines what is there. */
export function go(change: Partial<View>, replace = false): void {
  const v = { ...view.value, ...change };
  const address = format(v);
  if (address !== location.pathname + location.search) {
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
  }
  view.value = v;
}

/** showIn changes the zone of all times. */
export function showIn(z: string): void {
  zone.value = z;
  history.replaceState(null, "", format(view.value));
}

/** link is the whole address of one event. */
export function link(one: Place): string {
  return location.origin + format({ ...view.value, page: "one", one });
}
