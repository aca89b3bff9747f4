// The logs of the service itself: how large they are and may be, and what an
// administrator does with them.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, get, why } from "./api.ts";
import { input } from "./form.ts";
import { administrator, keepsLogs, say } from "./state.ts";
import { count, size, visible } from "./text.ts";
import { at } from "./time.ts";

interface Log {
  name: string;
  oldest?: number;
  next?: number;
  oldest_time?: string;
  newest_time?: string;
  size?: number;
  max_size?: number;
  retention?: number;
  full?: boolean;
  can?: string[];
}

/** events is how many a log has. */
const events = (l: Log) => (l.oldest ? Math.max(0, (l.next ?? 0) - l.oldest) : 0);

interface Source {
  name: string;
  log: string;
}

function kept(retention: number | undefined): string {
  if (!retention) return "overwritten as needed";
  if (retention < 0) return "never overwritten";
  return `overwritten after ${Math.round(retention / 86400)} d`;
}

/** act does one thing to a log and says how it went. */
function act(done: () => void, words: string, method: string, path: string, body?: unknown): void {
  call(method, path, body).then(
    () => {
      say(words);
      done();
    },
    (e: unknown) => say(why(e)),
  );
}

const pathOf = (log: string) => `/v1/logs/${encodeURIComponent(log)}`;

// text is what stands in an input of a form.
const text = (form: HTMLFormElement, name: string) => input(form, name).value;

/** Ask is a button that opens a form over the page; does is called when it is sent by its last button. */
function Ask(props: { button: string; title: string; send: string; danger?: boolean; ready?: boolean; does: (form: HTMLFormElement) => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button onClick={() => box.current!.showModal()}>{props.button}</button>
      <dialog ref={box} aria-label={props.title}>
        <form
          method="dialog"
          onSubmit={(e) => {
            if ((e.submitter as HTMLButtonElement | null)?.value === "send") props.does(e.currentTarget);
          }}
        >
          <h2>{props.title}</h2>
          {props.children}
          <p class="buttons">
            <button type="button" onClick={() => box.current!.close()}>
              Leave it
            </button>{" "}
            <button value="send" class={props.danger ? "danger" : undefined} disabled={props.ready === false}>
              {props.send}
            </button>
          </p>
        </form>
      </dialog>
    </>
  );
}

// today is for the name of a backup.
const today = () => new Date().toISOString().slice(0, 10);

function Clear(props: { log: Log; done: () => void }) {
  const { log, done } = props;
  const [typed, setTyped] = useState("");
  return (
    <Ask
      button="Clear…"
      title={`Clear ${visible(log.name)}?`}
      send="Clear it"
      danger
      ready={typed === log.name}
      does={(f) => {
        const backup = text(f, "backup").trim();
        setTyped("");
        act(done, `${visible(log.name)} was cleared.`, "POST", pathOf(log.name) + "/clear", backup ? { backup } : {});
      }}
    >
      <p>Its {count(events(log))} events are gone then, but for the backup.</p>
      <label>
        Backup at the server, made before; empty: none
        <input name="backup" defaultValue={`${log.name}-${today()}.evt`} maxLength={1024} autocomplete="off" />
      </label>
      <label>
        Type the log's name to clear it
        <input name="name" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" />
      </label>
    </Ask>
  );
}

function Set(props: { log: Log; done: () => void }) {
  const { log } = props;
  return (
    <Ask
      button="Set…"
      title={visible(log.name)}
      send="Set"
      does={(f) => {
        const when = text(f, "when");
        const retention = when === "days" ? Number(text(f, "days")) * 86400 : Number(when);
        act(props.done, `${visible(log.name)} is set.`, "PATCH", pathOf(log.name), { max_size: Number(text(f, "size")) * 1024, retention });
      }}
    >
      <label>
        Max size in KiB
        <input name="size" type="number" min={64} step={64} defaultValue={String(Math.ceil((log.max_size ?? 65536) / 65536) * 64)} required />
      </label>
      <label>
        When it is full
        <select name="when" value={(log.retention ?? 0) > 0 ? "days" : String(log.retention ?? 0)}>
          <option value="0">overwrite the oldest events</option>
          <option value="days">overwrite events older than</option>
          <option value="-1">do not overwrite; clear it by hand</option>
        </select>
      </label>
      <label>
        Days
        <input name="days" type="number" min={1} max={3650} defaultValue={String(Math.max(1, Math.round((log.retention ?? 0) / 86400)))} />
      </label>
    </Ask>
  );
}

function Create(props: { done: () => void }) {
  return (
    <Ask
      button="New log…"
      title="New log"
      send="Create"
      does={(f) => act(props.done, `${text(f, "name")} is there.`, "POST", "/v1/logs", { name: text(f, "name").trim(), max_size: Number(text(f, "size")) * 1024 })}
    >
      <label>
        Name
        <input name="name" maxLength={255} required autocomplete="off" />
      </label>
      <label>
        Max size in KiB
        <input name="size" type="number" min={64} step={64} defaultValue="1024" required />
      </label>
    </Ask>
  );
}

export function Logs() {
  const [logs, setLogs] = useState<Log[] | null>(null);
  const [sources, setSources] = useState<Source[]>([]);
  const [problem, setProblem] = useState("");
  const load = () => {
    if (!keepsLogs.value) return;
    get<{ logs: Log[] }>("/v1/logs").then(
      (a) => {
        setLogs(a.logs ?? []);
        setProblem("");
        if (!a.logs?.length) return; // who has no logs has no sources
        get<{ sources: Source[] }>("/v1/sources").then((s) => setSources(s.sources ?? []), () => undefined); // shown where it may be seen
      },
      (e: unknown) => setProblem(why(e)),
    );
  };
  useEffect(load, [keepsLogs.value]);
  const boss = administrator.value;
  if (!keepsLogs.value) {
    return (
      <main id="main" class="logs">
        <h1>Logs of this service</h1>
        <p>This netelf shows the logs of others and keeps none of its own: <code>netelf serve</code> does.</p>
      </main>
    );
  }
  return (
    <main id="main" class="logs">
      <h1>Logs of this service</h1>
      {problem ? (
        <p class="error" role="alert">
          {visible(problem)}
        </p>
      ) : null}
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Logs">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Log</th>
              <th scope="col" class="number">Events</th>
              <th scope="col" class="number">Size</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">When full</th>
              {boss ? <th scope="col">Do</th> : null}
            </tr>
          </thead>
          <tbody>
            {logs?.map((l) => (
              <tr key={l.name}>
                <th scope="row">{visible(l.name)}</th>
                <td class="number" data-label="Events">{count(events(l))}</td>
                <td class="number" data-label="Size">
                  {size(l.size ?? 0)}
                  {l.max_size ? " of " + size(l.max_size) : ""}
                  {l.full ? <b class="bad"> full</b> : null}
                </td>
                <td data-label="From">{l.oldest_time ? at(l.oldest_time) : "–"}</td>
                <td data-label="To">{l.newest_time ? at(l.newest_time) : "–"}</td>
                <td data-label="When full">{kept(l.retention)}</td>
                {boss ? (
                  <td class="do all">
                    {l.can?.includes("backup") ? (
                      <a class="button" href={pathOf(l.name) + "/copy"} download={l.name + ".evt"}>
                        Copy
                      </a>
                    ) : null}
                    {l.can?.includes("set") ? <Set log={l} done={load} /> : null}
                    {l.can?.includes("clear") ? <Clear log={l} done={load} /> : null}
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {boss ? (
        <p>
          <Create done={load} />
        </p>
      ) : null}
      {sources.length ? (
        <details>
          <summary>{count(sources.length)} sources</summary>
          <ul class="sources">
            {sources.map((s) => (
              <li key={s.name}>
                {visible(s.name)} <span class="dim">reports to {visible(s.log)}</span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </main>
  );
}
