// What values there are, and how many of each; a click makes a filter of one.
import { useState } from "preact/hooks";
import type { Facet, Value } from "./api.ts";
import { excluding, including, isSmall, only } from "./ask.ts";
import { result } from "./result.ts";
import { count, oneLine } from "./text.ts";
import { go, view } from "./view.ts";
import { say } from "./state.ts";

/** filter changes the query by a value, or says why it cannot. */
export function filter(how: "include" | "exclude" | "only", field: string, value: string): void {
  const q = view.value.q;
  if (how !== "only" && !isSmall(q)) {
    say("A value cannot be added to XPath or a QueryList here: choose only, or write it yourself.");
    return;
  }
  const change = { include: including, exclude: excluding, only: (_: string, f: string, v: string) => only(f, v) }[how];
  go({ q: change(q, field, value), key: "" });
}

/** copy puts text where the user can paste it. */
export function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => say("Copied."),
    () => say("The browser does not let this page copy."),
  );
}

/** Actions are what can be done with a value, for mouse and keys alike. */
export function Actions(props: { field: string; value: string }) {
  const { field, value } = props;
  const shown = oneLine(value);
  return (
    <span class="actions">
      <button title="Include" aria-label={`Include ${field} ${shown}`} onClick={() => filter("include", field, value)}>+</button>
      <button title="Exclude" aria-label={`Exclude ${field} ${shown}`} onClick={() => filter("exclude", field, value)}>−</button>
      <button title="Only this" aria-label={`Only ${field} ${shown}`} onClick={() => filter("only", field, value)}>=</button>
      <button title="Copy" aria-label={`Copy ${shown}`} onClick={() => copy(value)}>⧉</button>
    </span>
  );
}

export const standard = ["server", "log", "level", "source", "id", "type", "user", "computer", "category"];

function Line(props: { field: string; v: Value; most: number }) {
  const { field, v, most } = props;
  return (
    <li>
      <button class="value" title={oneLine(v.value)} onClick={() => filter("include", field, v.value)}>
        <meter min={0} max={most} value={v.count} aria-hidden="true" />
        <span class="what">{v.value === "" ? "(none)" : oneLine(v.value)}</span>
        <span class="count">{count(v.count)}</span>
      </button>
      <Actions field={field} value={v.value} />
    </li>
  );
}

function One(props: { facet: Facet; done: boolean }) {
  const f = props.facet;
  const [rare, setRare] = useState(false);
  const values = rare && f.rare ? f.rare : f.values;
  const most = Math.max(1, ...values.map((v) => v.count));
  return (
    <details open={f.distinct > 1 || f.values.length > 0}>
      <summary>
        <span class="field">{f.field}</span>
        <span class="dim">
          {f.exact ? "" : "≥ "}
          {count(f.distinct)}
        </span>
      </summary>
      <ul>
        {values.map((v) => (
          <Line key={v.value} field={f.field} v={v} most={most} />
        ))}
      </ul>
      <p class="dim small">
        {f.other > 0 && !rare ? `${count(f.other)} events with other values. ` : ""}
        {!f.exact ? "Not all values were kept: counts are of those that were. " : ""}
        {f.rare && f.distinct > f.values.length ? (
          <button class="link" onClick={() => setRare(!rare)}>
            {rare ? "the most frequent" : "the rarest"}
          </button>
        ) : null}
      </p>
    </details>
  );
}

export function FacetsView(props: { extra: string[]; add: (field: string) => void; drop: (field: string) => void }) {
  const f = result.value?.facets.value;
  const total = result.value?.total.value ?? 0;
  return (
    <aside class="facets" aria-label="Values">
      {f && !f.done ? <p class="dim small">counted so far: {count(f.of)} of {count(total)}…</p> : null}
      {f?.facets.map((x) => (
        <One key={x.field} facet={x} done={f.done} />
      ))}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const input = e.currentTarget.elements.namedItem("name") as HTMLInputElement;
          const name = input.value.trim();
          if (name) props.add("data." + name.replace(/^data\./, ""));
          input.value = "";
        }}
      >
        <label>
          <span class="small dim">Count a data field by its name</span>
          <input name="name" placeholder="TargetUserName" autocomplete="off" />
        </label>
      </form>
      {props.extra.map((x) => (
        <button key={x} class="link small" onClick={() => props.drop(x)}>
          no longer count {x}
        </button>
      ))}
    </aside>
  );
}
