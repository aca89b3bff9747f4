// One event: what it says, its fields, its XML and JSON, and the bytes it is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, why, type Event, type Row, type Single } from "./api.ts";
import { dataField } from "./ask.ts";
import { Hex, hex } from "./hex.tsx";
import { kind } from "./level.ts";
import { called, say } from "./state.ts";
import { count, indented, oneLine, visible } from "./text.ts";
import { precise, zone } from "./time.ts";
import { said } from "./table.tsx";
import { Actions, copy } from "./value.tsx";
import { go, link, serverPart, type Place } from "./view.ts";

const tabs = ["Message", "Fields", "XML", "JSON", "Hex"] as const;
type Tab = (typeof tabs)[number];

/** address is where one event is had. */
export function address(of: Place): string {
  const at = of.time ? "?time=" + encodeURIComponent(of.time) : "";
  return `/v1/servers/${serverPart(of.server)}/logs/${encodeURIComponent(of.log)}/records/${of.record}${at}`;
}

const by: Record<string, string> = {
  event: "The event carried this text.",
  server: "The server that keeps the log gave this text.",
  catalogue: "This text comes from the message files in the catalogue.",
  "not found": "No message file for this source and id is known: these are the event's own strings.",
};

/** Named is a value of an event, with what it is asked for by, if it can be. */
interface Named {
  name: string;
  ask: string;
  value: string;
  time?: boolean; // shown in the zone of all times
}

/** fields are what an event says; all: also what its row says already. */
export function fields(e: Event, row: Row, everything: boolean): Named[] {
  const all: Named[] = [];
  const add = (name: string, ask: string, value: unknown, time = false) => {
    if (value !== undefined && value !== null && value !== "") all.push({ name, ask, value: String(value), time });
  };
  const names = e.names ?? [];
  (e.strings ?? []).forEach((s, i) => add(names[i] || `String ${i + 1}`, names[i] ? dataField(names[i]) : `string.${i + 1}`, s));
  add("User", "user", e.user);
  add("User name", "", e.user_name);
  add("Computer", "computer", e.computer);
  if (everything) {
    add("Time generated", "time", e.time, true);
    add("Time written", "", e.time_written, true);
    add("Level", "level", e.level);
    add("Type", "type", e.type);
    add("Source", "source", e.source);
    add("Event id", "id", e.id);
    add("Event id, all bits", "event_id", e.event_id);
    add("Server", "server", row.server);
    add("Log", "log", row.log);
    add("Record", "record", e.record);
  }
  if (everything || e.category) add("Category", "category", e.category);
  if (e.data) add("Data", "", bytes(e.data));
  for (const [k, v] of Object.entries(e)) {
    if (!shown.has(k) && (typeof v === "string" || typeof v === "number" || typeof v === "boolean")) add(k[0]!.toUpperCase() + k.slice(1).replaceAll("_", " "), asks.has(k) ? k : "", v);
  }
  return all;
}

// What events of today's Windows have besides, that the small language has a name for.
const asks = new Set(["channel", "qualifiers", "keywords", "opcode", "version", "process_id", "thread_id", "provider_guid", "activity_id", "related_activity_id"]);

const shown = new Set([
  "server", "log", "record", "time", "time_written", "id", "event_id", "type", "level", "category", "source", "computer",
  "user", "user_name", "strings", "names", "data", "message", "message_by", "xml", "raw",
]);

const mostData = 256; // bytes that are shown of an event's data; JSON has all

/** bytes are an event's data as people write bytes. */
function bytes(base64: string): string {
  const raw = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return hex(raw.subarray(0, mostData)) + (raw.length > mostData ? ` … ${count(raw.length - mostData)} more bytes` : "");
}

/** placeOf is where an event is kept; null: nobody knows. */
export function placeOf(row: Row): Place | null {
  const e = row.event;
  return e?.record ? { server: row.server, log: row.log, record: e.record, time: e.time_written ?? e.time ?? "" } : null;
}

/** focusDetail goes into the event that is shown. */
export function focusDetail(): void {
  document.getElementById("detail-title")?.focus();
}

// line is an event as one line, for pasting.
function line(row: Row, e: Event): string {
  return [e.time, kind(e).word, row.server, row.log, e.source, e.id, oneLine(said(e))].join("\t");
}

/** Detail shows one event; a row that is not here yet comes. */
export function Detail(props: { row: Row | undefined; close?: () => void; step?: (by: number) => void; alone?: boolean; given?: Single }) {
  const { row, given } = props;
  const e = row?.event;
  const [tab, setTab] = useState<Tab>("Message");
  const [had, setHad] = useState<{ key: string; single: Single } | null>(null);
  const [problem, setProblem] = useState("");
  const place = row && placeOf(row);
  useEffect(() => {
    setProblem("");
    if (!place || given || had?.key === row.key) return;
    const over = new AbortController();
    const timer = setTimeout(() => {
      get<Single>(address(place), over.signal).then(
        (single) => setHad({ key: row.key, single }),
        (x: unknown) => over.signal.aborted || setProblem(why(x)),
      );
    }, 60); // of who steps fast nothing is asked
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [row?.key, Boolean(e)]);
  void zone.value;

  const single = given ?? (had && had.key === row?.key ? had.single : null);
  const frame = props.alone ? "detail alone" : "detail";
  if (!row || !e) {
    return (
      <aside class={frame} aria-label="Event">
        <Head {...props} title={row?.gone ? "This event is gone" : "…"} />
        <p>{row?.gone ? visible(row.gone) : "It comes."}</p>
      </aside>
    );
  }
  const full = single?.event ?? e;
  const k = kind(full);
  const json = JSON.stringify(full, null, 2);
  return (
    <aside class={frame} aria-label="Event">
      <Head
        {...props}
        title={
          <>
            <bdi>{oneLine(full.source)}</bdi> {full.id}
          </>
        }
      />
      <p class="detail-what">
        <span class={"level " + k.name}>
          <i aria-hidden="true">{k.shape}</i> {k.word}
        </span>{" "}
        {precise(full.time ?? full.time_written ?? "")} · <bdi>{oneLine(called(row.server))}</bdi> · <bdi>{oneLine(row.log)}</bdi>
        {place ? ` · record ${place.record}` : ""}
      </p>
      <Tabs tab={tab} choose={setTab} />
      <div class="tabpanel" role="tabpanel" id="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {problem ? <p class="error">{visible(problem)}</p> : null}
        {tab === "Message" ? <Message e={full} file={single?.source_text?.file} /> : null}
        {tab === "Message" || tab === "Fields" ? <Fields of={fields(full, row, tab === "Fields")} /> : null}
        {tab === "XML" ? <pre>{single ? visible(indented(single.xml)) : "…"}</pre> : null}
        {tab === "JSON" ? <pre>{visible(json)}</pre> : null}
        {tab === "Hex" ? single?.hex ? <Hex {...single.hex} /> : <p class="dim">{single ? "The bytes of this record are not to be had from this server." : "…"}</p> : null}
      </div>
      <p class="detail-do">
        {place ? (
          <button onClick={() => copy(link(place))} title="y">
            Copy link
          </button>
        ) : null}
        {tab === "XML" && single ? <button onClick={() => copy(single.xml)}>Copy XML</button> : <button onClick={() => copy(json)}>Copy JSON</button>}
        <button onClick={() => copy(line(row, full))}>Copy line</button>
        <button onClick={() => around(row, true)} title="c">
          Around it, this server
        </button>
        <button onClick={() => around(row, false)} title="C">
          Around it, all servers
        </button>
      </p>
    </aside>
  );
}

function Message(props: { e: Event; file: string | undefined }) {
  const { e } = props;
  return (
    <>
      <p class="message">{visible(said(e))}</p>
      <p class="dim small">
        {by[e.message_by ?? (e.message ? "event" : "not found")] ?? ""}
        {props.file ? " " + visible(props.file) : ""}
      </p>
    </>
  );
}

function Fields(props: { of: Named[] }) {
  return (
    <table class="fields">
      <tbody>
        {props.of.map((f, i) => (
          <tr key={f.name + i}>
            <th scope="row">{oneLine(f.name).split(/(?<=[a-z])(?=[A-Z])/).flatMap((w, n) => (n ? [<wbr key={n} />, w] : [w]))}</th>
            <td>{f.time ? precise(f.value) : visible(f.value)}</td>
            <td>
              <Actions field={f.ask} value={f.value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Tabs(props: { tab: Tab; choose: (t: Tab) => void }) {
  const turn = (e: KeyboardEvent, i: number) => {
    const to: Record<string, number> = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 };
    if (to[e.key] === undefined) return;
    e.preventDefault();
    const next = tabs[(to[e.key]! + tabs.length) % tabs.length]!;
    props.choose(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Forms of the event">
      {tabs.map((t, i) => (
        <button
          key={t}
          role="tab"
          id={`tab-${t}`}
          aria-selected={t === props.tab}
          aria-controls="tabpanel"
          tabIndex={t === props.tab ? 0 : -1}
          onClick={() => props.choose(t)}
          onKeyDown={(e) => turn(e, i)}
        >
          {t}
        </button>
      ))}
    </div>
  );
}

function Head(props: { title: ComponentChildren; close?: () => void; step?: (by: number) => void }) {
  return (
    <header class="detail-head">
      <h2 id="detail-title" tabIndex={-1}>
        {props.title}
      </h2>
      {props.step ? (
        <>
          <button aria-label="Newer event" title="Newer event: k" onClick={() => props.step!(-1)}>
            ↑
          </button>
          <button aria-label="Older event" title="Older event: j" onClick={() => props.step!(1)}>
            ↓
          </button>
        </>
      ) : null}
      {props.close ? (
        <button aria-label="Close" title="Close: Esc" onClick={props.close}>
          ×
        </button>
      ) : null}
    </header>
  );
}

const near = 5 * 60e3;

/** around shows what else happened around an event; Back returns. */
export function around(row: Row, sameServer: boolean): void {
  const time = Date.parse(row.event?.time ?? "");
  if (Number.isNaN(time)) return say("Nobody knows when this event happened.");
  go({
    page: "events", q: "", key: row.key, one: null,
    servers: sameServer ? [row.server] : [], logs: [],
    since: new Date(time - near).toISOString(), until: new Date(time + near).toISOString(),
  });
}
