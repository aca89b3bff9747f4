// All chosen servers and logs in one list, the newest first.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Asked, Row, Server } from "./api.ts";
import { Detail, focusDetail } from "./detail.tsx";
import { FacetsView, standard } from "./facets.tsx";
import type { Grid } from "./grid.ts";
import { HistogramView } from "./histogram.tsx";
import { useCommand } from "./keys.ts";
import { Choose, Menu } from "./menu.tsx";
import { again, follow, result, type Result } from "./result.ts";
import { Chips, Search } from "./search.tsx";
import { called, facetsShown, isSent, onlyFiles, say, servers } from "./state.ts";
import { Table, type Rows } from "./table.tsx";
import { count } from "./text.ts";
import { at, since as timeOf } from "./time.ts";
import { isPart, Troubles } from "./troubles.tsx";
import { asked, go, view } from "./view.ts";
import { Views } from "./views.tsx";

const ranges: [string, string][] = [
  ["1h", "last hour"], ["8h", "last 8 hours"], ["24h", "last 24 hours"], ["7d", "last 7 days"], ["30d", "last 30 days"], ["", "all times"],
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

const every = "all"; // what a choice of logs has for all of them

/** askedOf are the servers that are asked; files that somebody has sent are by their name alone. */
function askedOf(chosen: string[]): Server[] {
  const all = servers.value?.servers ?? [];
  return chosen.length ? all.filter((s) => chosen.includes(s.name)) : all.filter((s) => !isSent(s));
}

/** usual are the logs that are read where none are chosen, as words. */
export function usual(asked: Server[]): string {
  const names = [...new Set(asked.flatMap((s) => s.usual ?? [every]))];
  if (names.length < 2 || !names.includes(every)) return names.join(", ") || every;
  return names.filter((n) => n !== every).join(", ") + "; of others all";
}

/** logNames are the logs that servers are known to have, those that are looked at most before others. */
function logNames(asked: Server[]): string[] {
  const named = asked.flatMap((s) => s.logs ?? []).map((l) => l.name);
  return [...new Set([...(asked.some((s) => s.usual) ? [every, "System", "Application", "Security"] : []), ...named])];
}

const forms: [string, string][] = [["json", "JSON, a line an event"], ["csv", "CSV"], ["xml", "XML"], ["evt", ".evt file"]];

/** Where chooses servers and logs. */
export function Where() {
  const v = view.value;
  const asked = askedOf(v.servers);
  const chooseLogs = (l: string[]) => go({ logs: l.includes(every) && !v.logs.includes(every) ? [every] : l.filter((n) => n !== every), key: "" });
  return (
    <>
      <Choose label={onlyFiles.value ? "Files" : "Servers"} all="all" shown={called} names={servers.value?.servers.map((s) => s.name) ?? []} chosen={v.servers} choose={(s) => go({ servers: s, key: "" })} />
      <Choose label="Logs" all={servers.value ? usual(asked) : "…"} names={logNames(asked)} chosen={v.logs} choose={chooseLogs} />
    </>
  );
}

function Export() {
  const r = result.value;
  if (!r?.progress.value) return null;
  return (
    <Menu label="Export">
      {(close) => (
        <>
          {forms.map(([form, words]) => (
            <a key={form} href={r.address("export", { form })} download onClick={close}>
              {words}
            </a>
          ))}
          <p class="dim small">All {count(r.total.value)} events, as they are filtered. The browser's own list of downloads can cancel it.</p>
        </>
      )}
    </Menu>
  );
}

/** None says that there are no events, and what else could be asked; part: not all could be read. */
function None(props: { part: boolean }) {
  const v = view.value;
  return (
    <>
      <p>
        <b>No event matches</b>
        {v.q ? " this search" : ""}
        {v.since || v.until ? " at this time" : ""}
        {props.part ? ", as far as it could be read" : ""}.
      </p>
      <p class="buttons">
        {v.q ? <button onClick={() => go({ q: "", key: "" })}>Clear the search</button> : null}
        {v.since || v.until ? <button onClick={() => go({ since: "", until: "", key: "" })}>Look at all times</button> : null}
        {v.servers.length ? <button onClick={() => go({ servers: [], logs: [], key: "" })}>Ask all servers</button> : null}
      </p>
    </>
  );
}

/** rows is how the events of a result become the rows of a table. */
const rows: Rows = {
  total: () => result.value?.total.value ?? 0,
  row: (i) => result.peek()?.row(i),
  want: (first, last, anchor) => result.peek()?.want(first, last, anchor),
  changed: () => [result.value, result.value?.pages.value],
};

/** question is what the address asks, as of now. */
function question(): Asked {
  const a = JSON.parse(asked.value) as { q: string; servers: string[]; logs: string[]; since: string; until: string };
  const of: Asked = { servers: a.servers, logs: a.logs };
  if (a.q) of.query = a.q;
  if (a.since) of.since = timeOf(a.since);
  if (a.until) of.until = a.until;
  return of;
}

export function Events() {
  useEffect(() => follow(question), []);
  const v = view.value;
  const r = result.value;
  const [chosen, setChosen] = useState(-1);
  const [extra, setExtra] = useState<string[]>([]);
  const grid = useRef<Grid | null>(null);
  const held = useRef<Row | undefined>(undefined); // the row that is shown at the side
  const unnamed = useRef(-1); // a rank that was chosen before its row was here, so that nobody knows its key yet

  const seenIn = useRef<Result | null>(null); // in which the chosen event was shown last
  const progress = r?.progress.value;
  const nothing = progress?.done && r?.total.value === 0;
  const slots = Math.max(30, Math.min(200, Math.round(innerWidth / 8)));
  const fields = facetsShown.value ? [...standard, ...extra].join(",") : "";
  useEffect(() => r?.draws(slots, fields), [r, slots, fields]);

  // What is chosen moves with its rows.
  useEffect(() => {
    if (!r) return;
    if (unnamed.current >= 0) {
      unnamed.current = -1; // the rank was of another result
      setChosen(-1);
    }
    r.shift = (by) => {
      grid.current?.shift(by);
      setChosen((c) => (c < 0 ? c : c + by));
    };
  }, [r]);

  // What stands at the chosen rank is the event in the address, unless rows have come
  // in between while it was out of sight: then it is what it was.
  void r?.pages.value; // rows have come
  const there = chosen >= 0 ? r?.row(chosen) : undefined;
  if (there && (there.key === v.key || unnamed.current === chosen)) held.current = there;
  const row = held.current && (held.current === there || held.current.key === v.key) ? held.current : undefined;

  // The event in the address is looked for in the result, and again where it may have
  // moved while it was out of sight.
  const version = progress?.version ?? -1;
  useEffect(() => {
    if (!v.key) {
      if (unnamed.current < 0) setChosen(-1);
      return;
    }
    if (!r?.ready || unnamed.current >= 0 || there?.key === v.key) return;
    let over = false;
    r.around(v.key).then(
      (i) => {
        if (over || i < 0) return;
        setChosen(i);
        if (held.current?.key !== v.key || seenIn.current !== r) grid.current?.reveal(i); // nobody has seen it yet
        seenIn.current = r;
      },
      () => undefined, // it is in no page yet: the next version asks again
    );
    return () => {
      over = true;
    };
  }, [r, v.key, version]);

  useEffect(() => {
    if (!row || unnamed.current !== chosen) return;
    unnamed.current = -1;
    go({ key: row.key }, v.key !== "");
  }, [row?.key, chosen]);

  const choose = (i: number) => {
    setChosen(i);
    grid.current?.reveal(i);
    const known = r?.row(i);
    unnamed.current = known ? -1 : i;
    seenIn.current = r;
    if (known) go({ key: known.key }, v.key !== "");
  };
  const close = () => {
    unnamed.current = -1;
    setChosen(-1);
    if (v.key) go({ key: "" });
    grid.current?.element.focus();
  };
  const step = (by: number) => grid.current && choose(grid.current.step(chosen, by));
  useCommand({ row: () => row, step, close, open: focusDetail });

  return (
    <main id="main" class="events">
      <h1 class="visually-hidden">Events</h1>
      <div class="bar">
        <Search />
        <Where />
        <Range />
        <Views />
        <Export />
        <button onClick={again} title="Ask again: r">
          Again
        </button>
        <button aria-pressed={facetsShown.value} onClick={() => (facetsShown.value = !facetsShown.value)} title="Values and their counts: f">
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
      <Troubles />
      <div class={"panes" + (facetsShown.value ? " with-facets" : "") + (chosen >= 0 ? " with-detail" : "")}>
        {facetsShown.value ? (
          <FacetsView extra={extra} add={(f) => setExtra([...new Set([...extra, f])])} drop={(f) => setExtra(extra.filter((x) => x !== f))} />
        ) : null}
        <Table rows={rows} chosen={chosen} choose={choose} open={focusDetail} label="Events, the newest first" none={nothing ? <None part={isPart(progress)} /> : null} made={(g) => (grid.current = g)} />
        {chosen >= 0 ? <Detail row={row} close={close} step={step} /> : null}
      </div>
    </main>
  );
}
