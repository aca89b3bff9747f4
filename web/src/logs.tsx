// The logs of the service itself: how large they are and may be, and what an
// administrator does with them.
import { useEffect, useRef, useState } from "preact/hooks";
import { call, get, Problem } from "./api.ts";
import { about, say } from "./state.ts";
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

interface Source {
  name: string;
  log: string;
}

function kept(retention: number | undefined): string {
  if (!retention) return "overwritten as needed";
  if (retention < 0) return "never overwritten";
  return `overwritten after ${Math.round(retention / 86400)} d`;
}

function trouble(e: unknown): void {
  say(e instanceof Problem ? e.message : String(e));
}

function Clear(props: { log: Log; done: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  return (
    <>
      <button onClick={() => box.current!.showModal()}>Clear…</button>
      <dialog ref={box} aria-label={`Clear ${visible(props.log.name)}`}>
        <form
          method="dialog"
          onSubmit={(e) => {
            if ((e.submitter as HTMLButtonElement).value !== "clear") return;
            call("POST", `/v1/logs/${encodeURIComponent(props.log.name)}/clear`, {}).then(() => {
              say(`${props.log.name} was cleared.`);
              props.done();
            }, trouble);
          }}
        >
          <h2>Clear {visible(props.log.name)}?</h2>
          <p>
            Its {count((props.log.next ?? 0) - (props.log.oldest ?? 0))} events are gone then. A backup keeps them: take one
            first.
          </p>
          <label>
            Type the log's name to clear it
            <input value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" />
          </label>
          <button value="cancel">Keep it</button> <button value="clear" class="danger" disabled={typed !== props.log.name}>Clear it</button>
        </form>
      </dialog>
    </>
  );
}

function Set(props: { log: Log; done: () => void }) {
  const { log } = props;
  const box = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button onClick={() => box.current!.showModal()}>Set…</button>
      <dialog ref={box} aria-label={`Settings of ${visible(log.name)}`}>
        <form
          method="dialog"
          onSubmit={(e) => {
            if ((e.submitter as HTMLButtonElement).value !== "set") return;
            const f = e.currentTarget.elements;
            const kib = Number((f.namedItem("size") as HTMLInputElement).value);
            const days = Number((f.namedItem("days") as HTMLInputElement).value);
            const when = (f.namedItem("when") as HTMLSelectElement).value;
            const retention = when === "days" ? days * 86400 : Number(when);
            call("PATCH", `/v1/logs/${encodeURIComponent(log.name)}`, { max_size: kib * 1024, retention }).then(() => {
              say(`${log.name} is set.`);
              props.done();
            }, trouble);
          }}
        >
          <h2>{visible(log.name)}</h2>
          <label>
            Max size in KiB
            <input name="size" type="number" min={64} step={64} value={Math.round((log.max_size ?? 65536) / 1024)} required />
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
            <input name="days" type="number" min={1} max={365} value={Math.max(1, Math.round((log.retention ?? 0) / 86400))} />
          </label>
          <button value="cancel">Leave it</button> <button value="set">Set</button>
        </form>
      </dialog>
    </>
  );
}

export function Logs() {
  const [logs, setLogs] = useState<Log[] | null>(null);
  const [sources, setSources] = useState<Source[]>([]);
  const [problem, setProblem] = useState("");
  const load = () => {
    get<{ logs: Log[] }>("/v1/logs").then((a) => setLogs(a.logs ?? []), (e: unknown) => setProblem(e instanceof Problem ? e.message : String(e)));
    get<{ sources: Source[] }>("/v1/sources").then((a) => setSources(a.sources ?? []), () => undefined); // shown where it may be seen
  };
  useEffect(load, []);
  const boss = about.value?.caller.administrator ?? false;
  return (
    <main class="logs">
      <h1>Logs of this service</h1>
      {problem ? (
        <p class="error" role="alert">
          {visible(problem)}
        </p>
      ) : null}
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Logs">
        <table>
          <thead>
            <tr>
              <th scope="col">Log</th>
              <th scope="col">Events</th>
              <th scope="col">Size</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">When full</th>
              <th scope="col">{boss ? "Do" : ""}</th>
            </tr>
          </thead>
          <tbody>
            {logs?.map((l) => (
              <tr key={l.name}>
                <th scope="row">{visible(l.name)}</th>
                <td class="number">{count(Math.max(0, (l.next ?? 0) - (l.oldest ?? 0)))}</td>
                <td class="number">
                  {size(l.size ?? 0)}
                  {l.max_size ? " of " + size(l.max_size) : ""}
                  {l.full ? <b class="bad"> full</b> : null}
                </td>
                <td>{l.oldest_time ? at(l.oldest_time) : "–"}</td>
                <td>{l.newest_time ? at(l.newest_time) : "–"}</td>
                <td>{kept(l.retention)}</td>
                <td>
                  {l.can?.includes("backup") ? (
                    <a href={`/v1/logs/${encodeURIComponent(l.name)}/backup`} download={l.name + ".evt"}>
                      Backup
                    </a>
                  ) : null}{" "}
                  {l.can?.includes("set") ? <Set log={l} done={load} /> : null} {l.can?.includes("clear") ? <Clear log={l} done={load} /> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
