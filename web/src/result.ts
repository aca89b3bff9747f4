// A result: what the servers answer to what is asked, counted while it is looked at.
//
// Rows are asked for by rank while the result grows, so that a row's rank changes.
// What stays is its key: of the rows that are looked at one is the anchor, the others
// are asked for around it, and who draws them is told how far they moved.
import { batch, effect, signal, type Signal } from "@preact/signals";
import { get, passes, post, Problem, query, rest, why, type Asked, type Facets, type Histogram, type Progress, type Row, type Rows } from "./api.ts";

export const pageSize = 100;
const keptRows = 6000;
const pause = 40; // milliseconds that rows must be looked at before they are asked for
const pace = 250; // milliseconds between two looks at what is still counted
const patience = 1500; // milliseconds before what failed in passing is tried again
const young = 5000; // milliseconds; a result that ends sooner would only be asked for in vain again

/** Drawn asks for one thing of a result, again and again, never twice at once. */
class Drawn<T> {
  readonly value: Signal<T | null> = signal(null);
  private wanted = "";
  private had = "";
  private busy = false;
  private readonly fail: (e: unknown) => void;
  private readonly over: AbortSignal;

  constructor(over: AbortSignal, fail: (e: unknown) => void) {
    this.over = over;
    this.fail = fail;
  }

  /** want says what is wanted, and of which version. */
  want(address: string, version: number): void {
    this.wanted = `${version} ${address}`;
    if (!this.busy) void this.run();
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.wanted !== this.had && !this.over.aborted) {
      const now = this.wanted;
      try {
        this.value.value = await get<T>(now.slice(now.indexOf(" ") + 1), this.over);
        this.had = now;
        await rest(pace);
      } catch (e) {
        if (!passes(e)) {
          this.had = now;
          this.fail(e);
        } else await rest(patience);
      }
    }
    this.busy = false;
  }
}

/** forget ends a result on the server, also while the page goes away; else it ends by itself later. */
export function forget(id: string): void {
  void fetch(`/v1/results/${encodeURIComponent(id)}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
}

/** Result asks for one result and keeps what was looked at of it. */
export class Result {
  readonly progress: Signal<Progress | null> = signal(null);
  readonly problem: Signal<Problem | null> = signal(null);
  /** pages counts what has come: who draws rows draws them again. */
  readonly pages = signal(0);
  readonly total = signal(0);
  /** shift is told by how many ranks the rows that are looked at have moved. */
  shift: (by: number) => void = () => undefined;

  private id = "";
  private readonly begun = Date.now();
  private version = -1; // the newest that is known
  private shownVersion = -1; // of the rows that are looked at
  private readonly over = new AbortController();
  private readonly rows = new Map<number, Row>(); // by rank; those that came last are last
  private readonly asking = new Map<number, AbortController>(); // by page
  private wanted: [first: number, last: number] = [0, 0];
  private anchor = -1;
  private timer = 0;
  private renewing = false;
  private slots = 0;
  private fields = "";
  private readonly drawnHistogram = new Drawn<Histogram>(this.over.signal, (e) => this.fail(e));
  private readonly drawnFacets = new Drawn<Facets>(this.over.signal, (e) => this.fail(e));
  readonly histogram = this.drawnHistogram.value;
  readonly facets = this.drawnFacets.value;

  constructor(asked: Asked) {
    void this.run(asked);
  }

  /** close ends the result, here and on the server. */
  close(): void {
    this.over.abort();
    for (const a of this.asking.values()) a.abort();
    clearTimeout(this.timer);
    if (this.id) forget(this.id);
  }

  get closed(): boolean {
    return this.over.signal.aborted;
  }

  get ready(): boolean {
    return this.id !== "";
  }

  /** address is where something of the result is had; "" is its progress. */
  address(what: string, of: Record<string, string | number | undefined> = {}): string {
    return `/v1/results/${encodeURIComponent(this.id)}${what && "/" + what}${query(of)}`;
  }

  private async run(asked: Asked): Promise<void> {
    while (!this.id) {
      try {
        const p = await post<Progress>("/v1/results", asked); // not broken off: its id must be known to end it
        if (this.closed) return forget(p.id);
        this.id = p.id;
        this.take(p);
      } catch (e) {
        this.fail(e);
        if (!passes(e) || this.closed) return;
        await rest(patience);
        if (this.closed) return;
      }
    }
    while (!this.progress.peek()?.done && !this.closed) {
      try {
        const p = await get<Progress>(this.address("", { after: this.version }), this.over.signal);
        if (p.version === this.version) await rest(pace); // it had nothing to say, and said so at once
        this.take(p);
      } catch (e) {
        this.fail(e);
        if (!passes(e)) return;
        await rest(patience);
      }
    }
  }

  private fail(e: unknown): void {
    if (this.closed || (e instanceof DOMException && e.name === "AbortError")) return;
    // Nobody has looked at it for long, or netelf was started anew.
    if (e instanceof Problem && e.status === 404 && this.id && Date.now() - this.begun > young) return again();
    this.problem.value = e instanceof Problem ? e : new Problem(0, why(e), "");
  }

  private take(p: Progress): void {
    this.version = p.version;
    batch(() => {
      this.problem.value = null;
      this.progress.value = p;
      this.total.value = p.total;
    });
    this.draw();
    if (this.shownVersion < 0) this.ask();
    else void this.renew();
  }

  /** draws says how many slots of the histogram and which facets are wanted; 0 and "" are none. */
  draws(slots: number, fields: string): void {
    this.slots = slots;
    this.fields = fields;
    this.draw();
  }

  private draw(): void {
    if (!this.ready || this.closed) return;
    if (this.slots) this.drawnHistogram.want(this.address("histogram", { slots: this.slots }), this.version);
    if (this.fields) this.drawnFacets.want(this.address("facets", { fields: this.fields, limit: 10, rare: 5 }), this.version);
  }

  /** row is the row of a rank, if it is here; want asks for it. */
  row(rank: number): Row | undefined {
    return this.rows.get(rank);
  }

  /** want says which ranks are looked at, and which of them must not move; -1: the newest is looked at. */
  want(first: number, last: number, anchor: number): void {
    this.wanted = [first, last];
    this.anchor = anchor;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), pause);
  }

  // ask asks for the pages of which a row is missing, and for no others any more.
  private ask(): void {
    if (!this.ready || this.closed) return;
    const [first, last] = this.wanted;
    const missing = new Set<number>();
    for (let rank = Math.max(0, first); rank < Math.min(last, this.total.peek()); rank++) {
      if (!this.rows.has(rank)) missing.add(Math.floor(rank / pageSize));
    }
    if (this.shownVersion < 0) missing.add(Math.floor(Math.max(0, first) / pageSize)); // before anybody knows how many there are
    for (const [page, a] of this.asking) {
      if (missing.has(page)) continue;
      a.abort();
      this.asking.delete(page);
    }
    for (const page of missing) if (!this.asking.has(page)) void this.askPage(page);
  }

  private async askPage(page: number): Promise<void> {
    const mine = new AbortController();
    this.asking.set(page, mine);
    try {
      const r = await get<Rows>(this.address("rows", { first: page * pageSize, limit: pageSize }), mine.signal);
      if (!mine.signal.aborted) this.put(r);
    } catch (e) {
      if (mine.signal.aborted) return;
      this.fail(e);
      if (passes(e)) setTimeout(() => this.ask(), patience);
    } finally {
      if (this.asking.get(page) === mine) this.asking.delete(page);
    }
  }

  private put(r: Rows): void {
    for (const row of r.rows) {
      this.rows.delete(row.rank);
      this.rows.set(row.rank, row);
    }
    for (const rank of this.rows.keys()) {
      if (this.rows.size <= keptRows) break;
      this.rows.delete(rank);
    }
    if (this.shownVersion < 0) this.shownVersion = r.version;
    batch(() => {
      if (passes(this.problem.peek())) this.problem.value = null; // it has passed
      if (r.total > this.total.peek()) this.total.value = r.total;
      this.pages.value++;
    });
  }

  // renew brings what is looked at to the newest version: around the anchor, so that
  // what has come since moves it out of nobody's sight.
  private async renew(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    while (this.shownVersion < this.version && !this.closed) {
      const [first, last] = this.wanted;
      const held = this.anchor >= 0 ? this.rows.get(this.anchor) : undefined;
      const at = this.anchor;
      const of = held
        ? { around: held.key, before: Math.max(0, at - first), after: Math.max(0, last - at) }
        : { first: Math.max(0, first), limit: Math.max(pageSize, last - first) };
      try {
        const r = await get<Rows>(this.address("rows", of), this.over.signal);
        const now = held && r.rows.find((x) => x.key === held.key);
        const by = now ? now.rank - at : 0;
        batch(() => {
          for (const a of this.asking.values()) a.abort(); // they are of ranks that were
          this.asking.clear();
          this.rows.clear();
          this.shownVersion = Math.max(r.version, this.shownVersion);
          this.put(r);
        });
        if (by) this.shift(by);
        this.ask();
      } catch (e) {
        this.fail(e);
        if (!passes(e)) break;
        await rest(patience);
      }
      await rest(pace);
    }
    this.renewing = false;
  }

  /** around is where the event of a key stands now; -1: it is not in the result. */
  async around(key: string): Promise<number> {
    const r = await get<Rows>(this.address("rows", { around: key, before: 0, after: 0 }), this.over.signal);
    return r.rows.find((x) => x.key === key)?.rank ?? -1;
  }
}

/** result is the one that is looked at; null: none. */
export const result: Signal<Result | null> = signal(null);

const times = signal(0);

/** again asks the same once more. */
export function again(): void {
  times.value++;
}

/** follow keeps result to what is asked; what it answers ends that. */
export function follow(what: () => Asked): () => void {
  const stop = effect(() => {
    void times.value;
    const asked = what();
    result.peek()?.close();
    result.value = new Result(asked);
  });
  const leave = () => result.peek()?.close();
  const back = (e: PageTransitionEvent) => e.persisted && again();
  addEventListener("pagehide", leave);
  addEventListener("pageshow", back);
  return () => {
    stop();
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", back);
    leave();
    result.value = null;
  };
}
