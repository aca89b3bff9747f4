// What values there are, and how many of each; a click makes a filter of one.
import { useState } from "preact/hooks";
import type { Facet, Value } from "./api.ts";
import { dataField } from "./ask.ts";
import { input } from "./form.ts";
import { result } from "./result.ts";
import { called, lettersOn } from "./state.ts";
import { count, oneLine, tail, visible } from "./text.ts";
import { Actions, filter, isMenuKey, offer } from "./value.tsx";

export const standard = ["server", "log", "level", "source", "id", "type", "user", "computer", "category"];

const shown = (field: string, value: string) => (field === "server" ? tail(called(value)) : field === "log" ? tail(value) : value);

// Of each field one value is a stop of Tab; the arrows go to the others, and a key does
// what its buttons do.
function Line(props: { field: string; v: Value; most: number; stop: boolean; came: () => void }) {
  const { field, v, most } = props;
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const box = e.currentTarget as HTMLElement;
    const all = [...box.closest("ul")!.querySelectorAll<HTMLElement>(".value")];
    const at = all.indexOf(box);
    const to = all[({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 } as Record<string, number>)[e.key] ?? -1];
    const how = ({ x: "include", X: "exclude", o: "only" } as const)[e.key as "x"];
    const place = box.getBoundingClientRect();
    if (to) to.focus();
    else if (isMenuKey(e)) offer({ field, value: v.value }, place.left, place.bottom, box);
    else if (how && lettersOn.value) filter(how, field, v.value);
    else if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
  };
  return (
    <li>
      <button
        class="value"
        tabIndex={props.stop ? 0 : -1}
        onFocus={props.came}
        onKeyDown={onKey}
        onContextMenu={(e) => {
          e.preventDefault();
          if (e.button === 2) offer({ field, value: v.value }, e.clientX, e.clientY, e.currentTarget);
        }}
        title={`Include ${oneLine(v.value)}`}
        onClick={() => filter("include", field, v.value)}
      >
        <meter min={0} max={most} value={v.count} aria-hidden="true" />
        <span class="what">{v.value === "" ? "(none)" : oneLine(shown(field, v.value))}</span>
        <span class="count">{count(v.count)}</span>
      </button>
      <Actions field={field} value={v.value} but="Include" aside />
    </li>
  );
}

function One(props: { facet: Facet }) {
  const f = props.facet;
  const [rare, setRare] = useState(false);
  const [stop, setStop] = useState(0);
  const values = rare && f.rare ? f.rare : f.values;
  const most = Math.max(1, ...values.map((v) => v.count));
  return (
    <details open>
      <summary>
        <span class="field">{f.field}</span>
        <span class="dim">
          {f.exact ? "" : "≥ "}
          {count(f.distinct)}
        </span>
      </summary>
      <ul>
        {values.map((v, i) => (
          <Line key={v.value} field={f.field} v={v} most={most} stop={i === Math.min(stop, values.length - 1)} came={() => setStop(i)} />
        ))}
      </ul>
      {f.error ? <p class="error small">{visible(f.error)}</p> : null}
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
        <One key={x.field} facet={x} />
      ))}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const box = input(e.currentTarget, "name");
          const name = box.value.trim();
          if (name) props.add(dataField(name.replace(/^data\./, "")));
          box.value = "";
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
