// All chosen servers and logs in one list, the newest first.
import { useEffect, useMemo, useState } from "preact/hooks";
import { facetsShown, say, servers } from "./state.ts";
import { Detail } from "./detail.tsx";
import { FacetsView, standard } from "./facets.tsx";
import { HistogramView } from "./histogram.tsx";
import { follow, result } from "./result.ts";
import { Chips, Search } from "./search.tsx";
import { Table, type Rows } from "./table.tsx";
import { count, visible } from "./text.ts";
import { at, known, since as timeOf, zone } from "./time.ts";
import { asked, go, view } from "./view.ts";
import { Views } from "./views.tsx";
import { command } from "./keys.ts";

const ranges: [string, string][] = [
  ["1h", "last hour"], ["8h", "last 8 hours"], ["24h", "last 24 hours"], ["7d", "last 7 days"], ["30d", "last 30 days"], ["", "all"],
];

/** Range chooses the time that is looked at. */
function Range() {
  const v = view.value;
  const fixed = ranges.some(([r]) => r === v.since) && !v.until;
  return (
    <label class="range">
      <span class="visually-hidden">Time</span>
      <select
        value={fixed ? v.since : "fixed"}
        onChange={(e) => {
          const r = e.currentTarget.value;
          if (r !== "fixed") go({ since: r, until: "", key: "" });
        }}
      >
        {ranges.map(([r, words]) => (
          <option key={r} value={r}>
            {words}
          </option>
        ))}
        {fixed ? null : (
          <option value="fixed">
            {v.since ? at(timeOf(v.since)) : "the beginning"} – {v.until ? at(v.until) : "now"}
          </option>
        )}
      </select>
    </label>
  );
}

/** Choose is a menu of names, of which any number can be chosen; none are all. */
export function Choose(props: { label: string; all: string; names: string[]; chosen: string[]; choose: (names: string[]) => void }) {
  const { names, chosen } = props;
  const everything = [...new Set([...names, ...chosen])];
  return (
    <details class="choose" onKeyDown={(e) => e.key === "Escape" && (e.currentTarget.open = false)}>
      <summary>
        {props.label}: {chosen.length === 0 ? props.all : chosen.length === 1 ? visible(chosen[0]!) : `${chosen.length} chosen`}
      </summary>
      <div class="menu">
        <button class="link" onClick={() => props.choose([])}>
          {props.all}
        </button>
        {everything.map((n) => (
          <label key={n}>
            <input
              type="checkbox"
              checked={chosen.includes(n)}
              onChange={(e) => props.choose(e.currentTarget.checked ? [...chosen, n] : chosen.filter((x) => x !== n))}
            />
            {visible(n)}
          </label>
        ))}
      </div>
    </details>
  );
}

/** logNames are the logs that any server is known to have. */
export function logNames(): string[] {
  const all = new Set(["System", "Application", "Security"]);
  for (const s of servers.value?.servers ?? []) for (const l of s.logs ?? []) all.add(l.name);
  return [...all];
}

function Export() {
  const r = result.value;
  if (!r?.progress.value) return null;
  return (
    <details class="choose">
      <summary>Export</summary>
      <div class="menu">
        {["json", "csv", "xml", "evt"].map((f) => (
          <a key={f} href={r.address("export", { form: f })} download>
            {f === "evt" ? ".evt file" : f.toUpperCase()}
          </a>
        ))}
      </div>
    </details>
  );
}

/** State says how far the counting is, and which servers are in trouble. */
function State() {
  const r = result.value;
  const p = r?.progress.value;
  const problem = r?.problem.value;
  if (problem && problem.offset === undefined) return <p class="error state" role="alert">{visible(problem.message)}</p>;
  if (!p) return <p class="dim state">asking…</p>;
  const bad = p.servers.filter((s) => s.error || !["ok", "", "reading", "waiting"].includes(s.state));
  const pending = p.servers.filter((s) => !s.done && !s.error);
  return (
    <p class="state" aria-live="polite">
      <b>{count(p.total)}</b> events{p.done ? "" : " so far"} of {p.servers.length} servers
      {p.done ? "" : `, ${count(p.examined)} looked at`}
      {pending.length && pending.length < p.servers.length ? (
        <span class="dim">, still reading {visible(pending.slice(0, 3).map((s) => s.name).join(", "))}{pending.length > 3 ? ` and ${pending.length - 3} more` : ""}</span>
      ) : null}
      {p.more ? <span class="warning-text"> {visible(p.more)}</span> : null}
      {bad.map((s) => (
        <span key={s.name} class="bad" title={visible(s.error ?? "")}>
          ✖ {visible(s.name)}: {visible(s.state)}
          {s.error ? ", " + visible(s.error.slice(0, 120)) : ""}
        </span>
      ))}
    </p>
  );
}

export function Events() {
  const v = view.value;
  useEffect(
    () =>
      follow(() => {
        const a = JSON.parse(asked.value) as { q: string; servers: string[]; logs: string[]; since: string; until: string };
        if (view.peek().page !== "events") return null;
        const ask: Record<string, unknown> = { servers: a.servers, logs: a.logs };
        if (a.q) ask["query"] = a.q;
        if (a.since) ask["since"] = timeOf(a.since);
        if (a.until) ask["until"] = a.until;
        return ask;
      }),
    [],
  );

  const r = result.value;
  const [chosen, setChosen] = useState(-1);
  const [extra, setExtra] = useState<string[]>([]);
  const rows = useMemo<Rows>(
    () => ({
      total: () => result.value?.total.value ?? 0,
      row: (i) => result.peek()?.row(i),
      want: (first, last) => result.peek()?.want(first, last),
      changed: () => [result.value, result.value?.pages.value],
    }),
    [],
  );

  const fields = [...standard, ...extra].join(",");
  const slots = Math.max(30, Math.min(200, Math.round(innerWidth / 8)));
  useEffect(() => {
    r?.draws(slots, facetsShown.value ? fields : "");
  }, [r, slots, fields, facetsShown.value]);

  // The event in the address is looked for once its result is there.
  const version = r?.progress.value?.version ?? 0;
  void r?.pages.value;
  useEffect(() => {
    if (!v.key || !r?.ready) {
      if (!v.key) setChosen(-1);
      return;
    }
    if (chosen >= 0 && r.row(chosen)?.key === v.key) return;
    let over = false;
    r.around(v.key).then(
      (i) => !over && i >= 0 && setChosen(i),
      () => undefined, // it is in no page yet; the next version asks again
    );
    return () => {
      over = true;
    };
  }, [r, v.key, version]);

  const choose = (i: number) => {
    setChosen(i);
    const row = r?.row(i);
    if (row) go({ key: row.key }, view.value.key !== "");
  };
  // A row that was chosen before it was here gets into the address when it comes.
  const row = chosen >= 0 ? r?.row(chosen) : undefined;
  useEffect(() => {
    if (row && chosen >= 0 && view.value.key !== row.key && (v.key === "" || pendingChoice)) go({ key: row.key }, true);
  }, [row?.key]);
  const pendingChoice = chosen >= 0 && !row;

  const close = () => {
    setChosen(-1);
    go({ key: "" });
  };
  const step = (by: number) => choose(Math.max(0, Math.min((r?.total.value ?? 1) - 1, (chosen < 0 ? -1 : chosen) + by)));
  command.value = { row: () => (chosen >= 0 ? r?.row(chosen) : undefined), step, close, open: () => choose(Math.max(0, chosen)) };

  const all = servers.value?.servers.map((s) => s.name) ?? [];
  return (
    <main class={"events" + (facetsShown.value ? " with-facets" : "") + (chosen >= 0 ? " with-detail" : "")}>
      <div class="bar">
        <Search id="search" />
        <Choose label="Servers" all="all" names={all} chosen={v.servers} choose={(s) => go({ servers: s, key: "" })} />
        <Choose label="Logs" all="System, Application" names={logNames()} chosen={v.logs} choose={(l) => go({ logs: l, key: "" })} />
        <Range />
        <Views />
        <Export />
        <button aria-pressed={facetsShown.value} onClick={() => (facetsShown.value = !facetsShown.value)} title="f">
          Values
        </button>
      </div>
      <Chips />
      <HistogramView
        histogram={r?.histogram.value ?? null}
        zoom={(s, u) => {
          go({ since: s, until: u, key: "" });
          say("Back undoes the zoom.");
        }}
      />
      <State />
      <div class="panes">
        {facetsShown.value ? (
          <FacetsView extra={extra} add={(f) => setExtra([...new Set([...extra, f])])} drop={(f) => setExtra(extra.filter((x) => x !== f))} />
        ) : null}
        <Table rows={rows} chosen={chosen} choose={choose} label={`Events, ${known(zone.value) ? zone.value : ""} time, the newest first`} />
        {chosen >= 0 ? row ? <Detail row={row} close={close} step={step} /> : <aside class="detail" aria-label="Event">…</aside> : null}
      </div>
    </main>
  );
}
