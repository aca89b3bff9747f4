// How far the counting is, and how each server does that is asked. A server that is
// dead, slow or says no is named: never a silent gap.
import type { AskedServer, Progress } from "./api.ts";
import { Menu } from "./menu.tsx";
import { again, result } from "./result.ts";
import { called, onlyFiles } from "./state.ts";
import { count, visible } from "./text.ts";
import { at } from "./time.ts";

const named = 3; // servers in trouble that are said at once; the list has all

const well = new Set(["ok", "", "reading", "waiting"]);

/** isBad says whether a server's part is missing, or some of it. */
function isBad(s: AskedServer): boolean {
  return Boolean(s.error) || !well.has(s.state);
}

/** isPart says whether there may be more events than were counted. */
export function isPart(p: Progress): boolean {
  return !p.done || Boolean(p.more) || p.servers.some(isBad);
}

function Line({ s }: { s: AskedServer }) {
  const bad = isBad(s);
  return (
    <tr class={bad ? "bad" : undefined}>
      <th scope="row">
        <span aria-hidden="true">{bad ? "✖" : s.done ? "●" : "…"}</span> {visible(called(s.name))}
      </th>
      <td>{visible(s.error || s.state || (s.done ? "ok" : "reading"))}</td>
      <td class="number">{count(s.matched)}</td>
      <td class="number">{count(s.examined)}</td>
      <td>{s.oldest ? at(s.oldest) : ""}</td>
      <td>{s.losses ? `${count(s.losses)} records are missing` : ""}</td>
    </tr>
  );
}

/** All is the list of all servers that are asked. */
function All({ servers, bad }: { servers: AskedServer[]; bad: number }) {
  const rank = (s: AskedServer) => (isBad(s) ? 0 : s.done ? 2 : 1);
  const sorted = [...servers].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const done = servers.filter((s) => s.done).length - bad;
  return (
    <Menu class="asked" label={`${done} of ${servers.length} ${onlyFiles.value ? "files" : "servers"}`}>
      {() => (
        <table>
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col">State</th>
              <th scope="col">Events</th>
              <th scope="col">Looked at</th>
              <th scope="col">Back to</th>
              <th scope="col">Losses</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((s) => (
              <Line key={s.name} s={s} />
            ))}
          </tbody>
        </table>
      )}
    </Menu>
  );
}

/** Troubles says how far the counting is, and which servers are in trouble. */
export function Troubles() {
  const r = result.value;
  const p = r?.progress.value;
  const problem = r?.problem.value;
  const shown = problem && problem.offset === undefined;
  if (!p && !shown) return <p class="dim state">{problem ? "" : "asking…"}</p>;
  const bad = p?.servers.filter(isBad) ?? [];
  return (
    <div class="state">
      {shown ? (
        <p class="error" role="alert">
          {visible(problem.message)} <button onClick={again}>Ask again</button>
        </p>
      ) : null}
      {p ? (
        <>
          <span>
            <b>{count(p.total)}</b> {p.total === 1 ? "event" : "events"}
            {p.done ? "" : ` so far, ${count(p.examined)} looked at`}
          </span>
          <All servers={p.servers} bad={bad.filter((s) => s.done).length} />
          {p.more ? <span class="warning-text">{visible(p.more)}</span> : null}
          {bad.slice(0, named).map((s) => (
            <span key={s.name} class="bad">
              <span aria-hidden="true">✖</span> {visible(called(s.name))}: {visible((s.error || s.state).slice(0, 120))}
            </span>
          ))}
          {bad.length > named ? <span class="bad">and {bad.length - named} more</span> : null}
        </>
      ) : null}
      <span class="visually-hidden" role="status">
        {p?.done ? `${p.total} events, ${bad.length} servers in trouble` : ""}
      </span>
    </div>
  );
}
