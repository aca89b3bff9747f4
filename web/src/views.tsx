// Views with a name: some that everybody has, and those that were kept here. While their
// menu is open their events are counted, one view after the other.
import { useEffect, useState } from "preact/hooks";
import { call, get, passes, post, rest, why, type Progress, type Servers, type View as Named } from "./api.ts";
import { input } from "./form.ts";
import { Menu } from "./menu.tsx";
import { forget } from "./result.ts";
import { servers, say } from "./state.ts";
import { count, visible } from "./text.ts";
import { since } from "./time.ts";
import { isPart } from "./troubles.tsx";
import { go, view } from "./view.ts";

const few = 16; // servers: more are not asked for the sake of a number in a menu
const pause = 400; // milliseconds that the menu must be open
const patience = 8000; // milliseconds for one view; then it has what was counted

/** asks is what a view asks for; one without a time has that which is looked at. */
const asks = (n: Named) => ({ q: n.query, servers: n.servers ?? [], logs: n.logs ?? [], since: n.range || view.value.since });

/** counts says whether the events of a view can be counted in passing. */
export function counts(n: Named, all: Servers | null): boolean {
  const asked = n.servers?.length || all?.servers.length || 0;
  return asked > 0 && asked <= few;
}

/** number is how many events a view has, as far as they are counted; some: there may be more. */
export function number(p: Progress, over: boolean): string {
  const some = isPart(p);
  return some && !over ? `${count(p.total)}…` : (some ? "≥ " : "") + count(p.total);
}

/** countOne counts the events of a view, and tells each number that it comes to. */
async function countOne(n: Named, over: AbortSignal, told: (text: string) => void): Promise<void> {
  const a = asks(n);
  const ask = { servers: a.servers, logs: a.logs, ...(a.q ? { query: a.q } : {}), ...(a.since ? { since: since(a.since) } : {}) };
  let p = await post<Progress>("/v1/results", ask); // not broken off: its id must be known to end it
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), patience); // also of an answer that waits for news
  const end = AbortSignal.any([over, enough.signal]);
  try {
    while (!p.done && !end.aborted) {
      told(number(p, false));
      p = await get<Progress>(`/v1/results/${encodeURIComponent(p.id)}?after=${p.version}`, end);
    }
  } catch (e) {
    if (!end.aborted) throw e;
  } finally {
    clearTimeout(timer);
    forget(p.id);
  }
  if (!over.aborted) told(number(p, true));
}

/** countAll counts the events of views until it is over. */
async function countAll(all: Named[], over: AbortSignal, told: (name: string, text: string) => void): Promise<void> {
  await rest(pause);
  for (const n of all) {
    if (over.aborted) return;
    if (!counts(n, servers.value)) continue;
    try {
      await countOne(n, over, (text) => told(n.name, text));
    } catch (e) {
      if (over.aborted || passes(e)) return;
      told(n.name, "–"); // it says why when it is looked at
    }
  }
}

function List(props: { all: Named[]; close: () => void; drop: (n: Named) => void }) {
  const [numbers, setNumbers] = useState<Record<string, string>>({});
  const names = props.all.map((n) => n.name).join("\n");
  useEffect(() => {
    const over = new AbortController();
    void countAll(props.all, over.signal, (name, text) => setNumbers((m) => ({ ...m, [name]: text })));
    return () => over.abort();
  }, [names]);
  return (
    <>
      {props.all.map((n) => (
        <div key={n.name} class="line">
          <button
            class="link"
            onClick={() => {
              props.close();
              go({ page: "events", ...asks(n), until: "", key: "" });
            }}
          >
            {visible(n.title || n.name)}
          </button>
          <span class="count">
            {numbers[n.name] ?? ""}
          </span>
          {n.builtin ? null : (
            <button aria-label={`Delete the view ${visible(n.title || n.name)}`} onClick={() => props.drop(n)}>
              ×
            </button>
          )}
        </div>
      ))}
    </>
  );
}

export function Views() {
  const [all, setAll] = useState<Named[]>([]);
  const load = () => get<{ views: Named[] }>("/v1/views").then((a) => setAll(a.views ?? []), () => undefined); // the menu stays empty
  useEffect(() => void load(), []);
  const keep = async (title: string) => {
    const v = view.value;
    const name = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    if (!name) return say("A view wants a name of letters or digits.");
    try {
      await call("PUT", `/v1/views/${encodeURIComponent(name)}`, { title, query: v.q, servers: v.servers, logs: v.logs, range: v.until ? "" : v.since });
      say(`Kept as ${title}.`);
      await load();
    } catch (e) {
      say(why(e));
    }
  };
  const drop = async (n: Named) => {
    try {
      await call("DELETE", `/v1/views/${encodeURIComponent(n.name)}`);
      await load();
    } catch (e) {
      say(why(e));
    }
  };
  const keepForm = (e: SubmitEvent) => {
    e.preventDefault();
    const title = input(e.currentTarget as HTMLFormElement, "title");
    void keep(title.value.trim());
    title.value = "";
  };
  return (
    <Menu label="Views" class="views">
      {(close) => (
        <>
          <List all={all} close={close} drop={(n) => void drop(n)} />
          <form onSubmit={keepForm}>
            <label>
              <span class="small dim">Keep this view as</span>
              <input name="title" autocomplete="off" maxLength={100} />
            </label>
            <button type="submit">Keep</button>
          </form>
        </>
      )}
    </Menu>
  );
}
