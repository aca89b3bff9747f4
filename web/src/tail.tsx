// What happens now, as it happens. Who scrolls away from the newest is left in
// peace, and told how many have come since.
import { useEffect, useMemo, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { query, type Event, type Row } from "./api.ts";
import { Detail } from "./detail.tsx";
import { Choose, logNames } from "./events.tsx";
import type { Grid } from "./grid.ts";
import { command } from "./keys.ts";
import { Chips, Search } from "./search.tsx";
import { servers } from "./state.ts";
import { Table, type Rows } from "./table.tsx";
import { count, visible } from "./text.ts";
import { go, view } from "./view.ts";

const kept = 20_000; // events that are held

/** Ring holds the newest events; number 0 is the newest. */
class Ring {
  private readonly rows: (Row | undefined)[] = new Array<Row | undefined>(kept);
  private made = 0;

  add(e: Event): void {
    const rank = this.made++;
    const server = e.server ?? ".";
    const log = e.log ?? "";
    this.rows[rank % kept] = { rank, key: `${server}/${log}/${e.record ?? rank}`, server, log, event: e };
  }

  get length(): number {
    return Math.min(this.made, kept);
  }

  /** all is how many there ever were. */
  get all(): number {
    return this.made;
  }

  /** row counts back from a moment at which there were upto events. */
  row(i: number, upto: number): Row | undefined {
    const rank = upto - 1 - i;
    return rank >= 0 && rank >= this.made - kept ? this.rows[rank % kept] : undefined;
  }
}

export function Tail() {
  const v = view.value;
  const ring = useMemo(() => new Ring(), [v.q, v.servers.join(), v.logs.join()]);
  const changed = useMemo(() => signal(0), [ring]);
  const shown = useMemo(() => signal(0), [ring]); // events that are in the table: behind them come the new ones
  const [state, setState] = useState("connecting");
  const [dropped, setDropped] = useState(0);
  const [trouble, setTrouble] = useState<{ name: string; state: string; error?: string }[]>([]);
  const [rate, setRate] = useState(0);
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const held = useMemo(() => ({ paused: false }), []);
  held.paused = paused || chosen >= 0;

  useEffect(() => {
    setDropped(0);
    setTrouble([]);
    setChosen(-1);
    const source = new EventSource("/v1/tail" + query({ servers: v.servers, logs: v.logs, query: v.q }));
    let frame = 0;
    let before = 0;
    const draw = () => {
      frame = 0;
      if (!held.paused) shown.value = ring.all;
      changed.value++;
    };
    source.onopen = () => setState("live");
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? "ended" : "connecting again");
    source.addEventListener("rows", (m) => {
      const d = JSON.parse((m as MessageEvent<string>).data) as { rows: Event[]; dropped?: number };
      for (const e of d.rows) ring.add(e);
      if (d.dropped) setDropped((n) => n + d.dropped!);
      frame ||= requestAnimationFrame(draw);
    });
    source.addEventListener("status", (m) => {
      const d = JSON.parse((m as MessageEvent<string>).data) as { servers: { name: string; state: string; error?: string }[] };
      setTrouble(d.servers.filter((s) => s.error));
    });
    const timer = setInterval(() => {
      setRate(ring.all - before);
      before = ring.all;
    }, 1000);
    return () => {
      source.close();
      clearInterval(timer);
      cancelAnimationFrame(frame);
    };
  }, [ring]);

  const rows = useMemo<Rows>(
    () => ({
      total: () => Math.min(shown.value, kept),
      row: (i) => ring.row(i, shown.peek()),
      changed: () => [shown.value],
    }),
    [ring],
  );
  const moved = (g: Grid) => setPaused(g.offset > 4);
  const live = () => {
    setPaused(false);
    setChosen(-1);
    shown.value = ring.all;
    document.querySelector<HTMLElement>(".tail .grid")?.scrollTo({ top: 0 });
  };
  void changed.value;
  const fresh = ring.all - shown.value;
  const step = (by: number) => setChosen((c) => Math.max(0, Math.min(rows.total() - 1, (c < 0 ? -1 : c) + by)));
  command.value = { row: () => (chosen >= 0 ? rows.row(chosen) : undefined), step, close: live, open: () => step(0) };
  const row = chosen >= 0 ? rows.row(chosen) : undefined;

  return (
    <main class={"events tail" + (row ? " with-detail" : "")}>
      <div class="bar">
        <Search id="search" />
        <Choose label="Servers" all="all" names={servers.value?.servers.map((s) => s.name) ?? []} chosen={v.servers} choose={(s) => go({ servers: s })} />
        <Choose label="Logs" all="System, Application" names={logNames()} chosen={v.logs} choose={(l) => go({ logs: l })} />
        <button aria-pressed={paused} onClick={() => (paused ? live() : setPaused(true))}>
          {paused ? "Go on" : "Pause"}
        </button>
      </div>
      <Chips />
      <p class="state" aria-live="polite">
        <b>{state}</b>, {count(rate)} a second, {count(ring.all)} since this page was opened
        {ring.all > kept ? <span class="dim">, the newest {count(kept)} are held</span> : null}
        {dropped ? <span class="bad"> ✖ {count(dropped)} were dropped: they came faster than this page took them</span> : null}
        {fresh > 0 ? (
          <button class="fresh" onClick={live}>
            {count(fresh)} new ↑
          </button>
        ) : null}
        {trouble.map((t) => (
          <span key={t.name} class="bad">
            ✖ {visible(t.name)}: {visible(t.error ?? t.state)}
          </span>
        ))}
      </p>
      <div class="panes">
        <Table rows={rows} chosen={chosen} choose={setChosen} label="Events as they come, the newest first" moved={moved} />
        {row ? <Detail row={row} close={live} step={step} /> : null}
      </div>
    </main>
  );
}
