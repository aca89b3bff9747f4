// What can be done with a value, wherever one stands: a filter of it, or a copy.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { excluding, including, isSmall, term } from "./ask.ts";
import { lettersOn, say } from "./state.ts";
import { oneLine } from "./text.ts";
import { go, view, type View } from "./view.ts";

/** Value is something that an event says. A value without a field can only be copied. */
export interface Value {
  field: string;
  value: string;
}

type How = "include" | "exclude" | "only";

/** filter changes the query by a value, or says why it cannot. */
export function filter(how: How, field: string, value: string): void {
  const v = view.value;
  const change: Partial<View> = { key: "" };
  if (v.page !== "events" && v.page !== "tail") Object.assign(change, { page: "events", one: null, since: "", until: "" });
  if (field === "time") {
    if (how !== "exclude") change.since = value;
    if (how !== "include") change.until = how === "exclude" ? value : "";
  } else if (how !== "only" && !isSmall(v.q)) {
    say("A value cannot be added to XPath or a QueryList here: choose only, or write it yourself.");
    return;
  } else change.q = how === "include" ? including(v.q, field, value) : how === "exclude" ? excluding(v.q, field, value) : term(field, value);
  go(change);
}

/** copy puts text where the user can paste it. */
export function copy(text: string): void {
  const failed = () => say("The browser does not let this page copy.");
  if (!navigator.clipboard) return failed(); // over plain HTTP, from afar
  navigator.clipboard.writeText(text).then(() => say("Copied."), failed);
}

interface Deed {
  sign: string;
  word: string;
  does: () => void;
}

// deeds are what can be done with a value.
function deeds({ field, value }: Value): Deed[] {
  const all: Deed[] = [{ sign: "copy", word: "Copy", does: () => copy(value) }];
  if (field === "time") {
    all.unshift(
      { sign: "≥", word: "From then on", does: () => filter("include", field, value) },
      { sign: "<", word: "Before then", does: () => filter("exclude", field, value) },
    );
  } else if (field) {
    all.unshift(
      { sign: "+", word: "Include", does: () => filter("include", field, value) },
      { sign: "−", word: "Exclude", does: () => filter("exclude", field, value) },
      { sign: "=", word: "Only", does: () => filter("only", field, value) },
    );
  }
  return all;
}

/** isMenuKey says whether a key opens the menu of a value. */
export const isMenuKey = (e: KeyboardEvent): boolean => e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey) || (e.key === "." && lettersOn.value);

/** Actions are the deeds as buttons beside a value, but for one that something else does; aside: keys have another way to them. */
export function Actions(props: Value & { but?: string; aside?: boolean }) {
  const what = oneLine(props.field ? `${props.field} ${props.value}` : props.value).slice(0, 80);
  return (
    <span class="actions">
      {deeds(props).filter((d) => d.word !== props.but).map((d) => (
        <button key={d.word} tabIndex={props.aside ? -1 : undefined} title={d.word} aria-label={`${d.word} ${what}`} onClick={d.does}>
          {d.sign}
        </button>
      ))}
    </span>
  );
}

/** menu is the value whose deeds are offered as a menu, and where. */
const menu = signal<{ of: Value; x: number; y: number; back: HTMLElement } | null>(null);

/** offer opens the menu of a value at a place; what had the focus gets it again. */
export function offer(of: Value, x: number, y: number, back: HTMLElement): void {
  menu.value = { of, x, y, back };
}

export function ValueMenu() {
  const box = useRef<HTMLDivElement>(null);
  const m = menu.value;
  useLayoutEffect(() => {
    const b = box.current;
    if (!m || !b) return;
    b.style.left = `${Math.max(4, Math.min(m.x, innerWidth - b.offsetWidth - 4))}px`;
    b.style.top = `${Math.max(4, Math.min(m.y, innerHeight - b.offsetHeight - 4))}px`;
    b.querySelector("button")!.focus();
  }, [m]);
  if (!m) return null;
  const close = () => {
    menu.value = null;
    m.back.focus();
  };
  return (
    <section aria-label="Menu of a value">
      <div
        ref={box}
        class="value-menu"
        role="menu"
        aria-label={oneLine(`${m.of.field} ${m.of.value}`).slice(0, 80)}
        onFocusOut={(e) => {
          if (!e.currentTarget.contains(e.relatedTarget as Node | null)) menu.value = null;
        }}
        onKeyDown={(e) => {
          const all = [...e.currentTarget.querySelectorAll("button")];
          const at = all.indexOf(document.activeElement as HTMLButtonElement);
          const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
          e.stopPropagation();
          if (e.key === "Escape" || e.key === "Tab") close();
          else if (to[e.key] !== undefined) all[(to[e.key]! + all.length) % all.length]!.focus();
          else return;
          e.preventDefault();
        }}
      >
        <p class="what" role="presentation">
          {oneLine(m.of.value).slice(0, 200) || "(nothing)"}
        </p>
        {deeds(m.of).map((d) => (
          <button
            key={d.word}
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              close();
              d.does();
            }}
          >
            <span aria-hidden="true">{d.sign.length === 1 ? d.sign : ""}</span> {d.word}
          </button>
        ))}
      </div>
    </section>
  );
}
