// A row a server: how it is, and since when. A dead one is a red row, never a gap.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, post, why, type LogState, type Server } from "./api.ts";
import { OpenFiles } from "./drop.tsx";
import { input } from "./form.ts";
import { administrator, called, isSent, onlyFiles, say, servers, unreachable } from "./state.ts";
import { count, size, tail, visible } from "./text.ts";
import { ago, at, lasting } from "./time.ts";
import { go, serverPart } from "./view.ts";

interface Troubles {
  errors: number; // and worse
  warnings: number;
}

/** byHour are the troubles of each hour that is known. */
function byHour(s: Server): Troubles[] {
  return (s.hours?.counts ?? []).map((h) => ({ errors: (h[1] ?? 0) + (h[2] ?? 0), warnings: h[3] ?? 0 }));
}

/** troubles are those of a day. */
export function troubles(s: Server): Troubles {
  return byHour(s).reduce((a, b) => ({ errors: a.errors + b.errors, warnings: a.warnings + b.warnings }), { errors: 0, warnings: 0 });
}

/** Spark draws 24 hours of errors and warnings. */
function Spark(props: { server: Server }) {
  const bars = byHour(props.server);
  if (!bars.length) return <span class="dim">–</span>;
  const most = Math.max(1, ...bars.map((b) => b.errors + b.warnings));
  const t = troubles(props.server);
  // A single event among thousands still has a pixel of its own.
  const tall = (n: number) => (n ? Math.max(1.5, (n / most) * 22) : 0);
  // One path a kind: of hundreds of servers each bar would be an element of its own.
  const path = (top: (t: Troubles) => number, high: (t: Troubles) => number) =>
    bars.map((b, i) => (high(b) ? `M${i * 5} ${(24 - top(b)).toFixed(1)}h4v${high(b).toFixed(1)}h-4z` : "")).join("");
  return (
    <svg class="spark" viewBox="0 0 120 24" role="img" aria-label={`${t.errors} errors and ${t.warnings} warnings in 24 hours`}>
      <path class="spark-error" d={path((b) => tall(b.errors), (b) => tall(b.errors))} />
      <path class="spark-warning" d={path((b) => tall(b.errors) + tall(b.warnings), (b) => tall(b.warnings))} />
    </svg>
  );
}

function reach(l: LogState): string {
  if (!l.oldest_time) return "empty";
  return "back " + lasting((Date.now() - Date.parse(l.oldest_time)) / 1000);
}

function Logs(props: { logs: LogState[] | undefined }) {
  return (
    <span class="logsizes">
      {(props.logs ?? []).slice(0, 4).map((l) => (
        <span key={l.name} title={`${visible(l.name)}: ${l.size ? size(l.size) : "its size is not known"}${l.max_size ? " of " + size(l.max_size) : ""}`}>
          {visible(tail(l.name))} {l.size ? size(l.size) + ", " : ""}{reach(l)}
          {l.full ? <b class="bad"> full</b> : null}
          {l.cleared ? <b class="warning-text"> was cleared</b> : null}
        </span>
      ))}
      {(props.logs?.length ?? 0) > 4 ? <span class="dim">and {props.logs!.length - 4} more</span> : null}
    </span>
  );
}

const unasked = new Set(["unknown", "checking"]); // states before the first answer
const good = new Set(["ok", ...unasked]);

/** word is what a state is called. */
export const word = (state: string) => (unasked.has(state) ? "asking…" : state);

/** worse orders servers: who is in trouble comes first. */
function worse(a: Server, b: Server): number {
  const rank = (s: Server) => (good.has(s.state) ? 0 : s.state === "partial" ? 1 : 2);
  return rank(b) - rank(a) || troubles(b).errors - troubles(a).errors || a.name.localeCompare(b.name);
}

function Renew(props: { server: Server }) {
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <button class="link" onClick={() => setOpen(true)}>
        give a password
      </button>
    );
  }
  return (
    <form
      class="renew"
      onSubmit={(e) => {
        e.preventDefault();
        const user = input(e.currentTarget, "user").value;
        const password = input(e.currentTarget, "password").value;
        post(`/v1/servers/${serverPart(props.server.name)}/credential`, { user, password }).then(
          () => {
            setOpen(false);
            say(`${visible(called(props.server.name))} is asked again.`);
          },
          (x: unknown) => say(why(x)),
        );
      }}
    >
      <input name="user" aria-label="User" placeholder="user" autocomplete="off" required />
      <input name="password" type="password" aria-label="Password" placeholder="password" autocomplete="off" required />
      <button type="submit">Try it</button>
    </form>
  );
}

function Line(props: { server: Server }) {
  const s = props.server;
  const t = troubles(s);
  const dead = !good.has(s.state) && s.state !== "partial";
  const sent = isSent(s);
  // The last hours of a file can be long ago; numbers of a day lead to that day.
  const open = (q: string) => go({ page: "events", servers: [s.name], q, since: q || s.kind !== "file" ? "24h" : "", until: "", key: "" });
  return (
    <tr class={dead ? "dead" : s.state === "partial" ? "partial" : undefined}>
      <th scope="row">
        <button class="link name" onClick={() => open("")}>
          {visible(called(s.name))}
        </button>
        <span class="dim small">{visible((s.groups ?? []).map((g) => "@" + g).join(" "))}</span>
      </th>
      <td class="all">
        <span class={"state-word " + (dead ? "bad" : s.state === "ok" ? "well" : "")}>
          <span aria-hidden="true">{dead ? "✖ " : s.state === "partial" ? "▲ " : s.state === "ok" ? "● " : "○ "}</span>
          {visible(word(s.state))}
        </span>
        {s.error ? <span class="why">{visible(s.error)}</span> : null}
        {s.refused && administrator.value ? <Renew server={s} /> : null}
      </td>
      <td data-label="Last event" title={s.last_event ? at(s.last_event) : ""}>{ago(s.last_event)}</td>
      <td class="number" data-label="Errors, 24 h">
        <button class="link" onClick={() => open("level<=2")} disabled={!t.errors}>
          {count(t.errors)}
        </button>
      </td>
      <td class="number" data-label="Warnings, 24 h">
        <button class="link" onClick={() => open("level:3")} disabled={!t.warnings}>
          {count(t.warnings)}
        </button>
      </td>
      <td data-label="By hour">
        <Spark server={s} />
      </td>
      <td class="all">
        <Logs logs={s.logs} />
      </td>
      <td data-label="Clock">{s.skew_ms === undefined || s.skew_ms === null ? <span class="dim">not known</span> : Math.abs(s.skew_ms) < 2000 ? "right" : `${s.skew_ms > 0 ? "+" : "−"}${lasting(Math.abs(s.skew_ms) / 1000)}`}</td>
      <td class="small dim" data-label="Asked">
        {sent ? (
          "sent by you"
        ) : (
          <>
            {s.checked ? ago(s.checked) : "not yet"}{" "}
            <button
              aria-label={`Ask ${visible(called(s.name))} again`}
              title="Ask again now"
              onClick={() => void call("POST", `/v1/servers/${serverPart(s.name)}/refresh`).catch((x: unknown) => say(why(x)))}
            >
              ⟳
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

const many = 12; // servers above which they can be searched

/** All are the lines of all servers, those in trouble first, or of some by a part of their names. */
function All(props: { servers: Server[] }) {
  const [part, setPart] = useState("");
  const has = (name: string) => name.toLowerCase().includes(part.trim().toLowerCase());
  const lines = props.servers.filter((s) => has(called(s.name)) || (s.groups ?? []).some((g) => has("@" + g))).sort(worse);
  return (
    <>
      {props.servers.length > many ? (
        <p class="find">
          <input aria-label="Part of a name, or of a group with @" placeholder="part of a name, @group" value={part} onInput={(e) => setPart(e.currentTarget.value)} />{" "}
          <span class="dim" role="status">
            {part.trim() ? `${lines.length} of ${props.servers.length}` : ""}
          </span>
        </p>
      ) : null}
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Servers">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col">State</th>
              <th scope="col">Last event</th>
              <th scope="col" class="number">Errors, 24 h</th>
              <th scope="col" class="number">Warnings, 24 h</th>
              <th scope="col">By hour</th>
              <th scope="col">Logs</th>
              <th scope="col">Clock</th>
              <th scope="col">Asked</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((s) => (
              <Line key={s.name} server={s} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** how says how they are, all in all. */
function how(all: Server[]): ComponentChildren {
  const bad = all.filter((s) => !good.has(s.state)).length;
  if (bad) return <span class="bad">, {bad} in trouble</span>;
  if (all.some((s) => s.state !== "ok")) return <span class="dim">, asking…</span>;
  return all.length ? ", all well" : "";
}

export function Overview() {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10e3);
    return () => clearInterval(timer);
  }, []);
  const all = servers.value;
  if (!all) return <main id="main" class="overview dim">{unreachable.value ? "" : "asking…"}</main>;
  return (
    <main id="main" class="overview">
      <h1>
        {all.servers.length} {onlyFiles.value ? (all.servers.length === 1 ? "file or folder" : "files and folders") : all.servers.length === 1 ? "server" : "servers"}
        {how(all.servers)}
      </h1>
      <All servers={all.servers} />
      <p class="foot">
        <OpenFiles /> <span class="dim small">Event log files can also be dropped on the page. Servers are asked every {lasting(all.every_seconds)}.</span>
      </p>
    </main>
  );
}
