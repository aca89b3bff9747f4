// What is looked at stands in the address, all of it: a view can be sent to
// somebody else, and Back undoes what was last changed.
import { computed, signal } from "@preact/signals";
import { known, zone } from "./time.ts";

export interface View {
  page: "overview" | "events" | "tail" | "one" | "logs";
  q: string;
  servers: string[];
  logs: string[];
  since: string; // "8h", a time, or "" for no bound
  until: string;
  key: string; // of the event at the side
  one: { server: string; log: string; record: number; time: string } | null;
}

const list = (text: string | null) => (text ? text.split(",").filter((s) => s) : []);

/** parse reads a view out of an address. */
export function parse(url: URL): View {
  const p = url.searchParams;
  const v: View = {
    page: "overview",
    q: p.get("q") ?? "",
    servers: list(p.get("servers")),
    logs: list(p.get("logs")),
    since: p.get("since") ?? "8h",
    until: p.get("until") ?? "",
    key: p.get("key") ?? "",
    one: null,
  };
  const path = url.pathname.split("/").filter((s) => s);
  switch (path[0]) {
    case "events":
      v.page = "events";
      break;
    case "tail":
      v.page = "tail";
      break;
    case "logs":
      v.page = "logs";
      break;
    case "e":
      if (path.length === 4) {
        v.page = "one";
        v.one = {
          server: decodeURIComponent(path[1]!),
          log: decodeURIComponent(path[2]!),
          record: Number(path[3]),
          time: p.get("time") ?? "",
        };
      }
  }
  return v;
}

/** format is the address of a view. */
export function format(v: View, z = zone.value): string {
  let path: string = "/" + (v.page === "overview" ? "" : v.page);
  const p = new URLSearchParams();
  if (v.page === "one" && v.one) {
    path = ["", "e", v.one.server, v.one.log, String(v.one.record)].map(encodeURIComponent).join("/");
    if (v.one.time) p.set("time", v.one.time);
  }
  if (v.page === "events" || v.page === "tail") {
    if (v.q) p.set("q", v.q);
    if (v.servers.length) p.set("servers", v.servers.join(","));
    if (v.logs.length) p.set("logs", v.logs.join(","));
    if (v.page === "events") {
      if (v.since !== "8h") p.set("since", v.since);
      if (v.until) p.set("until", v.until);
      if (v.key) p.set("key", v.key);
    }
  } else if (v.page === "logs" && v.servers.length) p.set("servers", v.servers.join(","));
  if (z !== "local") p.set("zone", z);
  const q = p.toString();
  return path + (q ? "?" + q : "");
}

/** view is what is looked at. */
export const view = signal<View>(parse(new URL(location.href)));

/** asked is what of the view makes another result. */
export const asked = computed(() => {
  const { q, servers, logs, since, until } = view.value;
  return JSON.stringify({ q, servers, logs, since, until });
});

function readZone(url: URL): void {
  const z = url.searchParams.get("zone") ?? "local";
  zone.value = known(z) ? z : "local";
}

readZone(new URL(location.href));
addEventListener("popstate", () => {
  const url = new URL(location.href);
  readZone(url);
  view.value = parse(url);
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
