// What values there are, and how many of each; a click makes a filter of one.
import { useState } from "preact/hooks";
import type { Facet, Value } from "./api.ts";
import { dataField } from "./ask.ts";
import { input } from "./form.ts";
import { result } from "./result.ts";
import { count, oneLine } from "./text.ts";
import { Actions, filter } from "./value.tsx";

export const standard = ["server", "log", "level", "source", "id", "type", "user", "computer", "category"];

function Line(props: { field: string; v: Value; most: number }) {
  const { field, v, most } = props;
  return (
    <li>
      <button class="value" title={`Include ${oneLine(v.value)}`} onClick={() => filter("include", field, v.value)}>
        <meter min={0} max={most} value={v.count} aria-hidden="true" />
        <span class="what">{v.value === "" ? "(none)" : oneLine(v.value)}</span>
        <span class="count">{count(v.count)}</span>
      </button>
      <Actions field={field} value={v.value} but="Include" />
    </li>
  );
}

function One(props: { facet: Facet }) {
  const f = props.facet;
  const [rare, setRare] = useState(false);
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
