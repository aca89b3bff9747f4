// Keys that work wherever no text is written.
import { signal } from "@preact/signals";
import type { Row } from "./api.ts";
import { context } from "./detail.tsx";
import { copy, filter } from "./facets.tsx";
import { facetsShown, helpShown, lettersOn } from "./state.ts";
import { format, go, view } from "./view.ts";

/** Command is what the page that is shown does at a key. */
export interface Command {
  row(): Row | undefined;
  step(by: number): void;
  close(): void;
  open(): void;
}

export const command = signal<Command | null>(null);

/** keys are all of them, as the help shows them. */
export const keys: [string, string][] = [
  ["/", "search"],
  ["j  k", "older, newer event"],
  ["Enter", "open the event"],
  ["Esc", "close what is open"],
  ["s  S", "only, not the source of the event"],
  ["i  I", "only, not the id of the event"],
  ["c  C", "what is around the event: its server, all servers"],
  ["y", "copy a link to the event"],
  ["f", "show or hide values"],
  ["t", "live tail"],
  ["g o", "overview"],
  ["g e", "events"],
  ["g t", "live tail"],
  ["g l", "logs"],
  ["↑ ↓ Page Home End", "move in the table"],
  ["← → + −", "in the picture of times: earlier, later, nearer, further"],
  ["?", "this help"],
];

function writing(t: EventTarget | null): boolean {
  return t instanceof HTMLElement && (t.matches("input:not([type=checkbox]), textarea, select") || t.isContentEditable);
}

let prefix = 0; // when g was pressed

export function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") {
    if (helpShown.value) helpShown.value = false;
    else if (!writing(e.target)) command.value?.close();
    return;
  }
  if (writing(e.target) || !lettersOn.value) return;
  const row = command.value?.row();
  const after = e.timeStamp - prefix < 1500;
  prefix = 0;
  if (after) {
    const page = { o: "overview", e: "events", t: "tail", l: "logs" }[e.key] as "overview" | undefined;
    if (page) {
      e.preventDefault();
      go({ page, key: "", one: null });
      return;
    }
  }
  const does: Record<string, () => void> = {
    "/": () => document.getElementById("search")?.focus(),
    "?": () => (helpShown.value = !helpShown.value),
    g: () => (prefix = e.timeStamp),
    j: () => command.value?.step(1),
    k: () => command.value?.step(-1),
    f: () => (facetsShown.value = !facetsShown.value),
    t: () => go({ page: "tail", key: "", one: null }),
    c: () => row && context(row, true),
    C: () => row && context(row, false),
    s: () => row?.event && filter("include", "source", row.event.source),
    S: () => row?.event && filter("exclude", "source", row.event.source),
    i: () => row?.event && filter("include", "id", String(row.event.id)),
    I: () => row?.event && filter("exclude", "id", String(row.event.id)),
    y: () =>
      row?.event?.record &&
      copy(location.origin + format({ ...view.value, page: "one", one: { server: row.server, log: row.log, record: row.event.record, time: row.event.time_written ?? "" } })),
  };
  const f = does[e.key];
  if (f) {
    e.preventDefault();
    f();
  }
}
