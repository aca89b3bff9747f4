// A result: what the servers answer to what is asked, counted while it is looked at.
import { batch, effect, signal, type Signal } from "@preact/signals";
import { call, get, post, query, Problem, type Asked, type Facets, type Histogram, type Progress, type Row, type Rows } from "./api.ts";

export const pageSize = 100;
const keptPages = 60;
const pause = 40; // milliseconds that a page must be looked at before it is asked for

/** later calls f once, a while after it was last asked to. */
function later(f: () => void, ms: number): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(f, ms);
  };
}

/** Result asks for one result and keeps what was looked at of it. */
export class Result {
  readonly progress: Signal<Progress | null> = signal(null);
  readonly problem: Signal<Problem | null> = signal(null);
  readonly histogram: Signal<Histogram | null> = signal(null);
  readonly facets: Signal<Facets | null> = signal(null);
  /** pages counts what has come: who draws rows draws them again. */
  readonly pages = signal(0);
  readonly total = signal(0);

  private id = "";
  private readonly over = new AbortController();
  private readonly kept = new Map<number, { version: number; rows: Row[] }>();
  private readonly asking = new Map<number, AbortController>();
  private wanted: [number, number] = [0, 0];
  private version = 0;
  private counting = 0;
  private slots = 0;
  private fields = "";
  private drawn = 0; // the version of histogram and facets
  private readonly fetch = later(() => this.fetchPages(), pause);

  constructor(asked: Asked) {
    void this.run(asked);
  }

  /** close ends the result, here and on the server. */
  close(): void {
    this.over.abort();
    for (const a of this.asking.values()) a.abort();
    clearTimeout(this.counting);
    if (this.id) void call("DELETE", `/v1/results/${this.id}`).catch(() => undefined); // it ends by itself later
  }

  get closed(): boolean {
    return this.over.signal.aborted;
  }

  /** address is where something of the result is had. */
  address(what: string, of: Record<string, string | number | undefined> = {}): string {
    return `/v1/results/${this.id}/${what}${query(of)}`;
  }

  get ready(): boolean {
    return this.id !== "";
  }

  private async run(asked: Asked): Promise<void> {
    try {
      let p = await post<Progress>("/v1/results", asked, this.over.signal);
      if (this.closed) {
        void call("DELETE", `/v1/results/${p.id}`).catch(() => undefined);
        return;
      }
      this.id = p.id;
      this.take(p);
      while (!p.done && !this.closed) {
        p = await get<Progress>(`/v1/results/${this.id}${query({ after: p.version })}`, this.over.signal);
        this.take(p);
      }
    } catch (e) {
      this.fail(e);
    }
  }

  private fail(e: unknown): void {
    if (this.closed || (e instanceof DOMException && e.name === "AbortError")) return;
    this.problem.value = e instanceof Problem ? e : new Problem(0, String(e), "");
  }

  private take(p: Progress): void {
    const first = this.version === 0;
    this.version = p.version;
    batch(() => {
      this.progress.value = p;
      this.total.value = p.total;
    });
    if (first) this.fetchPages();
    else this.fetch();
    this.count(first || p.done);
  }

  /** draws says how many slots of the histogram and which facets are wanted. */
  draws(slots: number, fields: string): void {
    if (slots === this.slots && fields === this.fields) return;
    this.slots = slots;
    this.fields = fields;
    this.drawn = 0;
    this.count(true);
  }

  // count asks for histogram and facets, never for both at every step: the rows come
  // first.
  private count(now: boolean): void {
    if (!this.id || this.closed || this.slots === 0) return;
    if (this.counting && !now) return;
    clearTimeout(this.counting);
    this.counting = setTimeout(() => void this.countNow(), now ? 0 : 250);
  }

  private async countNow(): Promise<void> {
    const version = this.version;
    this.counting = 0;
    if (this.drawn === version) return;
    this.drawn = version;
    try {
      const [h, f] = await Promise.all([
        get<Histogram>(this.address("histogram", { slots: this.slots }), this.over.signal),
        this.fields ? get<Facets>(this.address("facets", { fields: this.fields, limit: 10, rare: 5 }), this.over.signal) : null,
      ]);
      batch(() => {
        this.histogram.value = h;
        if (f) this.facets.value = f;
      });
      if (this.version !== version) this.count(false);
    } catch (e) {
      this.fail(e);
    }
  }

  /** row is the row of a rank, if it is here; want asks for it. */
  row(rank: number): Row | undefined {
    return this.kept.get(Math.floor(rank / pageSize))?.rows[rank % pageSize];
  }

  /** want says which ranks are looked at. */
  want(first: number, last: number): void {
    this.wanted = [first, last];
    this.fetch();
  }

  private fetchPages(): void {
    if (!this.id || this.closed) return;
    const [first, last] = this.wanted;
    const from = Math.max(0, Math.floor(first / pageSize));
    const to = Math.max(from, Math.floor(Math.max(first, last - 1) / pageSize));
    for (const [page, a] of this.asking) if (page < from - 1 || page > to + 1) a.abort();
    for (let page = from; page <= to; page++) void this.fetchPage(page);
  }

  private async fetchPage(page: number): Promise<void> {
    const known = this.kept.get(page);
    if (this.asking.has(page) || known?.version === this.version) return;
    const ask = new AbortController();
    this.asking.set(page, ask);
    try {
      const r = await get<Rows>(this.address("rows", { first: page * pageSize, limit: pageSize }), ask.signal);
      this.kept.delete(page);
      this.kept.set(page, { version: r.version, rows: r.rows });
      for (const old of this.kept.keys()) {
        if (this.kept.size <= keptPages) break;
        this.kept.delete(old);
      }
      batch(() => {
        if (r.total > this.total.value) this.total.value = r.total;
        this.pages.value++;
      });
    } catch (e) {
      if (!ask.signal.aborted) this.fail(e);
    } finally {
      this.asking.delete(page);
    }
    if (!ask.signal.aborted && !this.closed && this.version !== (this.kept.get(page)?.version ?? this.version)) this.fetch();
  }

  /** around is where the event of a key stands now; -1: it is not in the result. */
  async around(key: string): Promise<number> {
    const r = await get<Rows>(this.address("rows", { around: key, before: 0, after: 0 }), this.over.signal);
    const row = r.rows.find((x) => x.key === key);
    return row ? row.rank : -1;
  }
}

/** result is the one that is looked at; null: none. */
export const result: Signal<Result | null> = signal(null);

/** follow keeps result to what is asked; what it answers ends that. */
export function follow(what: () => Asked | null): () => void {
  const stop = effect(() => {
    const a = what();
    const old = result.peek();
    old?.close();
    result.value = a ? new Result(a) : null;
  });
  return () => {
    stop();
    result.peek()?.close();
    result.value = null;
  };
}
