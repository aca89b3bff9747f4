// One event: what it says, its fields, its XML and JSON, and the bytes it is made of.
import { useEffect, useState } from "preact/hooks";
import { get, Problem, type Event, type HexField, type Row, type Single } from "./api.ts";
import { Actions, copy } from "./facets.tsx";
import { kind } from "./level.ts";
import { oneLine, visible } from "./text.ts";
import { precise, zone } from "./time.ts";
import { format, go, view } from "./view.ts";

const tabs = ["Message", "Fields", "XML", "JSON", "Hex"] as const;
type Tab = (typeof tabs)[number];

/** address is where one event is had. */
export function address(server: string, log: string, record: number, time?: string): string {
  const at = time ? "?time=" + encodeURIComponent(time) : "";
  return `/v1/servers/${encodeURIComponent(server)}/logs/${encodeURIComponent(log)}/records/${record}${at}`;
}

const by: Record<string, string> = {
  event: "The event carried this text.",
  server: "The server that keeps the log gave this text.",
  catalogue: "This text comes from the message files in the catalogue.",
  "not found": "No message file for this source and id is known: these are the event's own strings.",
};

/** fields are what an event has, each with the name it is asked for by, if it can be. */
export function fields(e: Event): { name: string; ask: string; value: string }[] {
  const all: { name: string; ask: string; value: string }[] = [];
  const add = (name: string, ask: string, value: unknown) => {
    if (value !== undefined && value !== null && value !== "") all.push({ name, ask, value: String(value) });
  };
  add("Time generated", "", e.time && precise(e.time));
  if (e.time_written !== e.time) add("Time written", "", e.time_written && precise(e.time_written));
  add("Level", "level", e.level);
  add("Type", "type", e.type);
  add("Source", "source", e.source);
  add("Event id", "id", e.id);
  add("Category", "category", e.category);
  add("Server", "server", e.server);
  add("Log", "log", e.log);
  add("Record", "record", e.record);
  add("Computer", "computer", e.computer);
  add("User", "user", e.user);
  add("User name", "", e.user_name);
  const names = e.names ?? [];
  (e.strings ?? []).forEach((s, i) => add(names[i] || `String ${i + 1}`, names[i] ? "data." + names[i] : "string", s));
  for (const [k, v] of Object.entries(e)) {
    if (!shown.has(k) && (typeof v === "string" || typeof v === "number")) add(k, "", v);
  }
  return all;
}

const shown = new Set([
  "server", "log", "record", "time", "time_written", "id", "event_id", "type", "level", "category", "source", "computer",
  "user", "user_name", "strings", "names", "message", "message_by",
]);

function Hex(props: { bytes: string; fields: HexField[] }) {
  const [over, setOver] = useState<HexField | null>(null);
  const raw = Uint8Array.from(atob(props.bytes), (c) => c.charCodeAt(0));
  const owner = (i: number) => props.fields.find((f) => i >= f.offset && i < f.offset + f.length) ?? null;
  const lines = [];
  for (let at = 0; at < raw.length && at < 16384; at += 16) lines.push(at);
  const lit = (i: number) => over !== null && i >= over.offset && i < over.offset + over.length;
  return (
    <div class="hex">
      <div class="hex-bytes" onMouseLeave={() => setOver(null)} tabIndex={0} aria-label="Bytes of the record" role="group">
        {lines.map((at) => (
          <div key={at}>
            <span class="dim">{at.toString(16).padStart(4, "0")} </span>
            {[...raw.subarray(at, at + 16)].map((b, i) => (
              <span key={i} class={lit(at + i) ? "lit" : undefined} onMouseEnter={() => setOver(owner(at + i))}>
                {b.toString(16).padStart(2, "0")}{" "}
              </span>
            ))}
            <span class="ascii">
              {[...raw.subarray(at, at + 16)].map((b, i) => (
                <span key={i} class={lit(at + i) ? "lit" : undefined}>
                  {b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "."}
                </span>
              ))}
            </span>
          </div>
        ))}
      </div>
      <table>
        <tbody>
          {props.fields.map((f) => (
            <tr
              key={f.path + f.offset}
              class={over === f ? "lit" : undefined}
              tabIndex={0}
              onMouseEnter={() => setOver(f)}
              onFocus={() => setOver(f)}
            >
              <td class="dim">{f.offset.toString(16).padStart(4, "0")}</td>
              <td>{f.path}</td>
              <td>{oneLine(f.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Detail shows one event. */
export function Detail(props: { row: Row; close?: () => void; step?: (by: number) => void; alone?: boolean }) {
  const { row } = props;
  const e = row.event;
  const [tab, setTab] = useState<Tab>("Message");
  const [single, setSingle] = useState<Single | null>(null);
  const [problem, setProblem] = useState("");
  const record = e?.record ?? 0;
  const time = e?.time_written ?? e?.time;
  useEffect(() => {
    setSingle(null);
    setProblem("");
    if (!e || !record) return;
    const over = new AbortController();
    const timer = setTimeout(() => {
      get<Single>(address(row.server, row.log, record, time), over.signal).then(setSingle, (x: unknown) => {
        if (x instanceof Problem) setProblem(x.message);
      });
    }, 60);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [row.key]);
  void zone.value;

  if (!e) {
    return (
      <aside class="detail" aria-label="Event">
        <Head {...props} title={row.gone ? "This event is gone" : "…"} />
        <p>{row.gone ? visible(row.gone) : "It comes."}</p>
      </aside>
    );
  }
  const shownEvent = single?.event ?? e;
  const k = kind(shownEvent);
  const json = JSON.stringify(shownEvent, null, 2);
  const link = format({ ...view.value, page: "one", one: { server: row.server, log: row.log, record, time: time ?? "" } });
  return (
    <aside class={props.alone ? "detail alone" : "detail"} aria-label="Event">
      <Head {...props} title={`${oneLine(shownEvent.source)} ${shownEvent.id}`} />
      <p class="detail-what">
        <span class={"level " + k.name}>
          <i aria-hidden="true">{k.shape}</i> {k.word}
        </span>{" "}
        {time ? precise(time) : "no time"} · {oneLine(row.server)} · {oneLine(row.log)} · record {record}
      </p>
      <div class="tabs" role="tablist" aria-label="Forms of the event">
        {tabs.map((t, i) => (
          <button
            key={t}
            role="tab"
            id={`tab-${t}`}
            aria-selected={t === tab}
            aria-controls="tabpanel"
            tabIndex={t === tab ? 0 : -1}
            onClick={() => setTab(t)}
            onKeyDown={(x) => {
              const by = x.key === "ArrowRight" ? 1 : x.key === "ArrowLeft" ? tabs.length - 1 : 0;
              if (!by) return;
              const next = tabs[(i + by) % tabs.length]!;
              setTab(next);
              document.getElementById(`tab-${next}`)?.focus();
            }}
          >
            {t}
          </button>
        ))}
      </div>
      <div class="tabpanel" role="tabpanel" id="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {problem ? <p class="error">{visible(problem)}</p> : null}
        {tab === "Message" ? (
          <>
            <p class="message">{visible(shownEvent.message ?? (shownEvent.strings ?? []).join("\n"))}</p>
            <p class="dim small">
              {by[shownEvent.message_by ?? (shownEvent.message ? "event" : "not found")] ?? ""}
              {single?.source_text?.file ? " " + visible(single.source_text.file) : ""}
            </p>
          </>
        ) : null}
        {tab === "Message" || tab === "Fields" ? (
          <table class="fields">
            <tbody>
              {fields(shownEvent).map((f, i) => (
                <tr key={f.name + i}>
                  <th scope="row">{oneLine(f.name)}</th>
                  <td>{visible(f.value)}</td>
                  <td>{f.ask ? <Actions field={f.ask} value={f.value} /> : null}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : null}
        {tab === "XML" ? <pre>{single ? visible(single.xml) : "…"}</pre> : null}
        {tab === "JSON" ? <pre>{visible(json)}</pre> : null}
        {tab === "Hex" ? single?.hex ? <Hex {...single.hex} /> : <p class="dim">{single ? "The bytes of this record are not to be had from this server." : "…"}</p> : null}
      </div>
      <p class="detail-do">
        <button onClick={() => copy(location.origin + link)}>Copy link</button>
        <button onClick={() => copy(tab === "XML" && single ? single.xml : json)}>{tab === "XML" ? "Copy XML" : "Copy JSON"}</button>
        <button onClick={() => copy([time, k.word, row.server, row.log, e.source, e.id, oneLine(shownEvent.message ?? (e.strings ?? []).join(", "))].join("\t"))}>Copy line</button>
        <button onClick={() => context(row, true)} title="c">Around it, this server</button>
        <button onClick={() => context(row, false)} title="C">Around it, all servers</button>
      </p>
    </aside>
  );
}

function Head(props: { title: string; close?: () => void; step?: (by: number) => void }) {
  return (
    <header class="detail-head">
      <h2>{props.title}</h2>
      {props.step ? (
        <>
          <button aria-label="Newer event" title="k" onClick={() => props.step!(-1)}>↑</button>
          <button aria-label="Older event" title="j" onClick={() => props.step!(1)}>↓</button>
        </>
      ) : null}
      {props.close ? (
        <button aria-label="Close" title="Esc" onClick={props.close}>
          ×
        </button>
      ) : null}
    </header>
  );
}

const near = 5 * 60e3;

/** context shows what else happened around an event; Back returns. */
export function context(row: Row, sameServer: boolean): void {
  const time = Date.parse(row.event?.time ?? "");
  if (Number.isNaN(time)) return;
  go({
    page: "events", q: "", key: row.key, one: null,
    servers: sameServer ? [row.server] : [], logs: [],
    since: new Date(time - near).toISOString(), until: new Date(time + near).toISOString(),
  });
}
