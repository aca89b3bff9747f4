// What happens now, as it happens. Who scrolls away from the newest, or looks at an
// event, is left in peace and told how many have come since.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { signal, type Signal } from "@preact/signals";
import { get, post, query, why, type About, type Event, type QueryAnswer, type Row } from "./api.ts";
import { Detail, focusDetail } from "./detail.tsx";
import { Where } from "./events.tsx";
import type { Grid } from "./grid.ts";
import { useCommand } from "./keys.ts";
import { Ring } from "./ring.ts";
import { Chips, Search } from "./search.tsx";
import { called } from "./state.ts";
import { Table, type Rows } from "./table.tsx";
import { count, visible } from "./text.ts";
import { view } from "./view.ts";

const kept = 20_000; // events that are held

interface Trouble {
  name: string;
  state: string;
  error?: string;
}

/** Stream is one connection, and what came by it. */
class Stream {
  readonly ring = new Ring<Row>(kept);
  readonly state = signal("connecting");
  readonly came = signal(0); // events, ever
  readonly rate = signal(0); // in the last second
  readonly dropped = signal(0);
  readonly troubles = signal<Trouble[]>([]);
  /** drawn is told at most once a frame that events have come. */
  drawn: () => void = () => undefined;

  private readonly source: EventSource;
  private frame = 0;
  private readonly timer: number;
  private readonly query: string;

  constructor(of: { servers: string[]; logs: string[]; query: string }) {
    this.query = of.query;
    this.source = new EventSource("/v1/tail" + query(of));
    this.source.onopen = () => (this.state.value = "live");
    this.source.onerror = () => {
      if (this.source.readyState !== EventSource.CLOSED) this.state.value = "connecting again";
      else void this.refused();
    };
    this.source.addEventListener("rows", (m) => this.take(JSON.parse((m as MessageEvent<string>).data) as { rows: Event[]; dropped?: number }));
    this.source.addEventListener("status", (m) => {
      const d = JSON.parse((m as MessageEvent<string>).data) as { servers: Trouble[] };
      this.troubles.value = d.servers.filter((s) => s.error);
    });
    let before = 0;
    this.timer = setInterval(() => {
      this.rate.value = this.ring.made - before;
      before = this.ring.made;
    }, 1000);
  }

  close(): void {
    this.source.close();
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
  }

  private take(d: { rows: Event[]; dropped?: number }): void {
    for (const e of d.rows) {
      const [server, log] = [e.server ?? ".", e.log ?? ""];
      const rank = this.ring.made;
      this.ring.add({ rank, key: `${server}/${log}/${e.record ?? rank}`, server, log, event: e });
    }
    if (d.dropped) this.dropped.value += d.dropped;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.came.value = this.ring.made;
      this.drawn();
    });
  }

  // refused finds out why there is no stream: the browser does not say.
  private async refused(): Promise<void> {
    this.state.value = "ended";
    try {
      await get<About>("/v1/about"); // who is a stranger now is asked who he is
      const a = await post<QueryAnswer>("/v1/query", { text: this.query, at: 0 });
      if (a.error) this.state.value = "not begun: " + a.error.message;
    } catch (e) {
      this.state.value = "ended: " + why(e);
    }
  }
}

/** State says how fast events come, and what of them is not here. */
function State(props: { stream: Stream; shown: Signal<number>; live: () => void; restart: () => void }) {
  const { stream, live } = props;
  const fresh = stream.came.value - props.shown.value;
  const state = stream.state.value;
  return (
    <div class="state">
      <span>
        <b role="status" class={"live-state " + (state === "live" ? "on" : "")}>
          {visible(state)}
        </b>
        , {count(stream.rate.value)} a second, <span class="came">{count(stream.came.value)}</span> since this page was opened
        {stream.came.value > kept ? <span class="dim">, the newest {count(kept)} are held</span> : null}
      </span>
      {state.startsWith("ended") ? <button onClick={props.restart}>Try again</button> : null}
      {stream.dropped.value ? (
        <span class="bad dropped">
          <span aria-hidden="true">✖</span> {count(stream.dropped.value)} were dropped: they came faster than they could be sent
        </span>
      ) : null}
      {stream.troubles.value.map((t) => (
        <span key={t.name} class="bad">
          <span aria-hidden="true">✖</span> {visible(called(t.name))}: {visible(t.error ?? t.state)}
        </span>
      ))}
      {fresh > 0 ? (
        <button class="fresh" onClick={live}>
          {count(fresh)} new ↑
        </button>
      ) : null}
    </div>
  );
}

export function Tail() {
  const v = view.value;
  const asks = JSON.stringify([v.q, v.servers, v.logs]);
  const [tries, setTries] = useState(0);
  const [stream, setStream] = useState<Stream | null>(null);
  useEffect(() => {
    const { q, servers, logs } = view.peek();
    const s = new Stream({ query: q, servers, logs });
    setStream(s);
    return () => s.close();
  }, [asks, tries]);
  return (
    <main id="main" class="events tail">
      <h1 class="visually-hidden">Live events</h1>
      {stream ? <Stage key={asks + tries} stream={stream} restart={() => setTries(tries + 1)} /> : null}
    </main>
  );
}

function Stage(props: { stream: Stream; restart: () => void }) {
  const { stream } = props;
  const grid = useRef<Grid | null>(null);
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState(-1);
  // What is in the table: all that came, or what was held when it was last in peace.
  const shown = useMemo(() => signal(0), [stream]);
  const still = useRef<Ring<Row> | null>(null);
  const peace = useRef(false);
  peace.current = paused || chosen >= 0;
  if (!peace.current) still.current = null;
  else still.current ??= stream.ring.copy();

  useEffect(() => {
    stream.drawn = () => {
      if (!peace.current) shown.value = stream.ring.made;
    };
    stream.drawn();
  }, [stream]);

  const rows = useMemo<Rows>(
    () => ({
      total: () => Math.min(shown.value, kept),
      row: (i) => (still.current ?? stream.ring).at(shown.peek() - 1 - i),
      changed: () => [shown.value],
    }),
    [stream],
  );
  const live = () => {
    peace.current = false;
    still.current = null;
    setPaused(false);
    setChosen(-1);
    shown.value = stream.ring.made;
    grid.current?.move(0);
  };
  const choose = (i: number) => {
    setChosen(i);
    grid.current?.reveal(i);
  };
  const close = () => {
    if ((grid.current?.offset ?? 0) > 0) setPaused(true); // who has scrolled stays there
    setChosen(-1);
    grid.current?.element.focus();
  };
  const step = (by: number) => grid.current && choose(grid.current.step(chosen, by));
  const row = chosen >= 0 ? rows.row(chosen) : undefined;
  useCommand({ row: () => row, step, close: chosen >= 0 ? close : live, open: focusDetail });

  return (
    <>
      <div class="bar">
        <Search />
        <Where />
        <button aria-pressed={paused} onClick={() => (paused ? live() : setPaused(true))}>
          {paused ? "Go on" : "Pause"}
        </button>
      </div>
      <Chips />
      <State stream={stream} shown={shown} live={live} restart={props.restart} />
      <div class={row ? "panes with-detail" : "panes"}>
        <Table
          rows={rows}
          chosen={chosen}
          choose={choose}
          open={focusDetail}
          label="Events as they come, the newest first"
          none={stream.came.value === 0 && stream.state.value === "live" ? <p>No event has come yet. New ones stand here as soon as they are written.</p> : null}
          moved={(g) => (g.offset > 4 ? setPaused(true) : chosen < 0 && live())}
          made={(g) => (grid.current = g)}
        />
        {row ? <Detail row={row} close={close} step={step} /> : null}
      </div>
    </>
  );
}
