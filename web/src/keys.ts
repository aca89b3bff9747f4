// Keys that work wherever no text is written.
import { useLayoutEffect } from "preact/hooks";
import type { Row } from "./api.ts";
import { around, placeOf } from "./detail.tsx";
import { again } from "./result.ts";
import { facetsShown, helpShown, lettersOn } from "./state.ts";
import { copy, filter } from "./value.tsx";
import { go, link } from "./view.ts";

/** Command is what the page that is shown does at a key. */
export interface Command {
  row(): Row | undefined;
  step(by: number): void;
  close(): void;
  open(): void;
}

let command: Command | null = null;

/** useCommand makes c what keys do while the caller is shown. */
export function useCommand(c: Command): void {
  useLayoutEffect(() => {
    command = c;
    return () => {
      if (command === c) command = null;
    };
  });
}

/** keys are all of them, as the help shows them. */
export const keys: [string, string][] = [
  ["/", "search"],
  ["j  k", "older, newer event"],
  ["↑ ↓ Page Home End", "move in the table"],
  ["← →", "to the values of the chosen row"],
  ["x  X  o", "include, exclude the value, only it"],
  [".", "menu of the value; so is a right click"],
  ["Enter", "into the event"],
  ["Esc", "close what is open"],
  ["s  S", "include, exclude the source of the event"],
  ["i  I", "include, exclude the id of the event"],
  ["c  C", "what is around the event: its server, all servers"],
  ["y", "copy a link to the event"],
  ["r", "ask again"],
  ["f", "show or hide values"],
  ["t", "live tail"],
  ["g then o e t l", "go to overview, events, live tail, logs"],
  ["← → + −", "in the picture of times: earlier, later, nearer, further"],
  ["?", "this help"],
];

function writing(t: EventTarget | null): boolean {
  return t instanceof HTMLElement && (t.matches("input:not([type=checkbox]), textarea, select") || t.isContentEditable);
}

let prefix = -Infinity; // when g was pressed

const pages = { o: "overview", e: "events", t: "tail", l: "logs" } as const;

const deeds: Record<string, (row: Row | undefined) => void> = {
  "/": () => document.getElementById("search")?.focus(),
  "?": () => (helpShown.value = true),
  j: () => command?.step(1),
  k: () => command?.step(-1),
  r: again,
  f: () => (facetsShown.value = !facetsShown.value),
  t: () => go({ page: "tail", key: "", one: null }),
  c: (row) => row && around(row, true),
  C: (row) => row && around(row, false),
  s: (row) => row?.event && filter("include", "source", row.event.source),
  S: (row) => row?.event && filter("exclude", "source", row.event.source),
  i: (row) => row?.event && filter("include", "id", String(row.event.id)),
  I: (row) => row?.event && filter("exclude", "id", String(row.event.id)),
  y: (row) => {
    const place = row && placeOf(row);
    if (place) copy(link(place));
  },
};

/** onKey does what a key says, unless somebody has taken it already. */
export function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
  if (writing(e.target)) return;
  if (e.key === "Escape") return command?.close();
  if (!lettersOn.value) return;
  const page = e.timeStamp - prefix < 1500 ? pages[e.key as "o"] : undefined;
  prefix = e.key === "g" ? e.timeStamp : -Infinity;
  if (page) go({ page, key: "", one: null });
  else if (Object.hasOwn(deeds, e.key)) deeds[e.key]!(command?.row());
  else return;
  e.preventDefault();
}
