// The page as a whole: who looks, at what, and what stands at its top.
import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { call, get, isDenied, passes, query, rest, stranger, why, type About, type Servers } from "./api.ts";
import { DropTarget, OpenFiles } from "./drop.tsx";
import { Events } from "./events.tsx";
import { Help } from "./help.tsx";
import { onKey } from "./keys.ts";
import { Menu } from "./menu.tsx";
import { Login } from "./login.tsx";
import { Logs } from "./logs.tsx";
import { One } from "./one.tsx";
import { Overview } from "./overview.tsx";
import { about, helpShown, keepsLogs, looks, said, say, servers, theme, unreachable, wear, type Theme } from "./state.ts";
import { Tail } from "./tail.tsx";
import { visible } from "./text.ts";
import { named, zone } from "./time.ts";
import { ValueMenu } from "./value.tsx";
import { format, go, showIn, view, type View } from "./view.ts";

const wasKnown = signal(false);
let watching: AbortController | null = null;

/** watch keeps the state of the servers; it is told when something changes. */
async function watch(): Promise<void> {
  watching?.abort();
  const mine = (watching = new AbortController());
  let after: number | undefined;
  while (!mine.signal.aborted) {
    try {
      const s = await get<Servers>("/v1/servers" + query({ after }), mine.signal);
      unreachable.value = "";
      looks.value = true;
      if (s.version === after) await rest(1000); // it had nothing to say, and said so at once
      servers.value = s;
      after = s.version;
    } catch (e) {
      if (mine.signal.aborted || stranger.value) return;
      looks.value = !isDenied(e);
      unreachable.value = looks.value ? why(e) : "";
      if (!passes(e)) return; // the caller may not look at servers, or there are none to look at
      await rest(3000);
      after = undefined;
    }
  }
}

/** begin finds out who looks; a stranger is asked. */
async function begin(): Promise<void> {
  while (!stranger.value) {
    try {
      about.value = await get<About>("/v1/about");
      wasKnown.value = true;
      unreachable.value = "";
      void watch();
      return;
    } catch (e) {
      if (stranger.value) return;
      unreachable.value = why(e);
      if (!passes(e)) return;
      await rest(3000);
    }
  }
}

async function logOut(): Promise<void> {
  try {
    await call("DELETE", "/v1/session");
  } catch (e) {
    if (!stranger.value) return say(why(e)); // who came without a session has none to end
  }
  watching?.abort();
  about.value = null;
  servers.value = null;
  wasKnown.value = false;
  stranger.value = true;
}

function Link(props: { page: View["page"]; children: string }) {
  const to = { ...view.value, page: props.page, key: "", one: null };
  return (
    <a
      href={format(to)}
      aria-current={view.value.page === props.page ? "page" : undefined}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey) return;
        e.preventDefault();
        go({ page: props.page, key: "", one: null });
      }}
    >
      {props.children}
    </a>
  );
}

/** Zone chooses the zone of all times. That of a server whose events are shown nobody says. */
function Zone() {
  const z = zone.value;
  const there = about.value?.zone ?? "";
  const differs = ![named("local"), named("utc"), ""].includes(named(there)); // else it has another name already
  return (
    <label>
      <span class="visually-hidden">Time zone</span>
      <select value={z} onChange={(e) => showIn(e.currentTarget.value)}>
        <option value="local">local time</option>
        <option value="utc">UTC</option>
        {differs ? (
          <option value={there}>
            {there}, as at {about.value?.computer ? visible(about.value.computer) : "netelf's server"}
          </option>
        ) : null}
        {z !== "local" && z !== "utc" && !(differs && z === there) ? <option value={z}>{z}</option> : null}
      </select>
    </label>
  );
}

function Top() {
  const who = about.value?.caller.name;
  return (
    <header class="top">
      <a class="brand" href="/" onClick={(e) => (e.preventDefault(), go({ page: "overview", q: "", servers: [], logs: [], key: "", one: null }))}>
        netelf
      </a>
      <nav aria-label="Pages">
        {looks.value ? (
          <>
            <Link page="overview">Overview</Link>
            <Link page="events">Events</Link>
            <Link page="tail">Live</Link>
          </>
        ) : null}
        {keepsLogs.value ? <Link page="logs">Logs</Link> : null}
      </nav>
      <span class="space" />
      <Zone />
      <Menu label={who ? visible(who) : "Settings"} class="settings">
        {() => (
          <>
            <label>
              Colours
              <select value={theme.value} onChange={(e) => wear(e.currentTarget.value as Theme)}>
                <option value="system">as the system</option>
                <option value="light">light</option>
                <option value="dark">dark</option>
              </select>
            </label>
            {looks.value ? <OpenFiles /> : null}
            {who ? <button onClick={() => void logOut()}>Log out</button> : null}
          </>
        )}
      </Menu>
      <button aria-label="Help and keys" title="Help: ?" onClick={() => (helpShown.value = true)}>
        ?
      </button>
    </header>
  );
}

/** Outsider stands in the place of all that needs a look at servers, for who has none. */
function Outsider() {
  const who = about.value?.caller.name;
  return (
    <main id="main" class="outsider">
      <h1>{who ? `Welcome, ${visible(who)}` : "Welcome"}</h1>
      <p>
        You are a user of this service and can see <Link page="logs">how its own logs are</Link>; servers and their events are for
        administrators and event log readers: ask an administrator to make you one of the readers.
      </p>
    </main>
  );
}

function App() {
  useEffect(() => {
    void begin();
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const page = view.value.page;
  useEffect(() => {
    document.title = { overview: "netelf", events: "Events · netelf", tail: "Live · netelf", one: "Event · netelf", logs: "Logs · netelf" }[page];
  }, [page]);
  if (stranger.value) return <Login expired={wasKnown.value} done={() => void begin()} />;
  const Page = !looks.value && page !== "logs" ? Outsider : { overview: Overview, events: Events, tail: Tail, one: One, logs: Logs }[page];
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(e) => {
          e.preventDefault();
          (document.querySelector<HTMLElement>(".grid") ?? document.querySelector<HTMLElement>("main :is(a, button, input)"))?.focus();
        }}
      >
        Skip to the contents
      </a>
      <Top />
      {unreachable.value ? (
        <p class="unreachable" role="alert">
          {visible(unreachable.value)}
        </p>
      ) : null}
      <Page />
      <Help />
      <ValueMenu />
      {looks.value ? <DropTarget /> : null}
      <p class="said" role="status" aria-live="polite">
        {said.value}
      </p>
    </>
  );
}

render(<App />, document.getElementById("app")!);
