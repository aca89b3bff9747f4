// The page as a whole: who looks, at what, and what stands at its top.
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { call, get, query, stranger, type About, type Servers } from "./api.ts";
import { Events } from "./events.tsx";
import { Help } from "./help.tsx";
import { command, onKey } from "./keys.ts";
import { Login } from "./login.tsx";
import { Logs } from "./logs.tsx";
import { One } from "./one.tsx";
import { Overview } from "./overview.tsx";
import { about, helpShown, said, servers, theme, wear, type Theme } from "./state.ts";
import { Tail } from "./tail.tsx";
import { visible } from "./text.ts";
import { zone } from "./time.ts";
import { format, go, showIn, view, type View } from "./view.ts";

let watching: AbortController | null = null;

/** watch keeps the state of the servers; it is told when something changes. */
async function watch(): Promise<void> {
  watching?.abort();
  const mine = (watching = new AbortController());
  let after: number | undefined;
  while (!mine.signal.aborted) {
    try {
      const s = await get<Servers>("/v1/servers" + query({ after }), mine.signal);
      servers.value = s;
      after = s.version;
    } catch {
      if (mine.signal.aborted || stranger.value) return;
      await new Promise((r) => setTimeout(r, 3000)); // it may come back
      after = undefined;
    }
  }
}

async function begin(): Promise<void> {
  try {
    about.value = await get<About>("/v1/about");
    void watch();
  } catch {
    // a stranger is asked for a name, and what cannot be reached is said by each part
  }
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

function Top() {
  const z = zone.value;
  const who = about.value?.caller.name;
  return (
    <header class="top">
      <a class="brand" href="/" onClick={(e) => (e.preventDefault(), go({ page: "overview", q: "", servers: [], logs: [], key: "", one: null }))}>
        netelf
      </a>
      <nav aria-label="Pages">
        <Link page="overview">Overview</Link>
        <Link page="events">Events</Link>
        <Link page="tail">Live</Link>
        <Link page="logs">Logs</Link>
      </nav>
      <span class="space" />
      <label>
        <span class="visually-hidden">Time zone</span>
        <select value={z} onChange={(e) => showIn(e.currentTarget.value)}>
          <option value="local">local time</option>
          <option value="utc">UTC</option>
          {z !== "local" && z !== "utc" ? <option value={z}>{z}</option> : null}
        </select>
      </label>
      <label>
        <span class="visually-hidden">Colours</span>
        <select value={theme.value} onChange={(e) => wear(e.currentTarget.value as Theme)}>
          <option value="system">as the system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
      {who ? (
        <span class="who">
          {visible(who)}{" "}
          <button
            class="link"
            onClick={() =>
              void call("DELETE", "/v1/session").finally(() => {
                about.value = null;
                servers.value = null;
                stranger.value = true;
              })
            }
          >
            log out
          </button>
        </span>
      ) : null}
      <button aria-label="Help and keys" title="?" onClick={() => (helpShown.value = !helpShown.value)}>
        ?
      </button>
    </header>
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
  if (stranger.value) return <Login done={() => void begin()} />;
  command.value = null; // the page that is drawn now takes it
  const Page = { overview: Overview, events: Events, tail: Tail, one: One, logs: Logs }[page];
  return (
    <>
      <a class="skip" href="#search">
        Skip to the search
      </a>
      <Top />
      <Page />
      <Help />
      <p class="said" role="status" aria-live="polite">
        {said.value}
      </p>
    </>
  );
}

render(<App />, document.getElementById("app")!);
