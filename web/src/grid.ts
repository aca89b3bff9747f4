// A table of any number of rows of one height. It knows nothing of events or of the
// rest of the page: rows are drawn by whoever made it, into elements that are used
// again and again.
//
// A browser's elements end at some ten million pixels. Above maxHeight the scroll bar
// stands for the whole table, while a wheel or a finger still moves it by pixels: small
// movements go on from where the table is, large ones go where the bar points, and
// when all is at rest the bar is put where the table is.
import { barOf, maxHeight, positionOf, type Height } from "./scroll.ts";

const spare = 3; // rows drawn beyond either edge
const lineHeight = 20; // of a wheel that counts in lines

export interface Draw {
  /** make fills a new, empty row element. */
  make(row: HTMLElement): void;
  /** draw shows the row of that number in an element that make has filled. */
  draw(row: HTMLElement, index: number): void;
  /** seen is told which rows are looked at, whenever they change. */
  seen?(first: number, last: number): void;
  /** drawn is told when a frame is drawn. */
  drawn?(): void;
  /** moved is told when the user has moved the table. */
  moved?(): void;
}

export class Grid {
  readonly element: HTMLElement;
  readonly rowHeight: number;
  private readonly spacer: HTMLElement;
  private readonly pane: HTMLElement;
  private readonly rows: HTMLElement[] = [];
  private readonly how: Draw;
  private readonly watch: ResizeObserver;
  private total = 0;
  private position = 0; // pixels of the whole table above the upper edge
  private lastTop = 0;
  private height = 0;
  private pending = 0;
  private firstSeen = -1;
  private lastSeen = -1;
  private readonly prefix: string;
  private static made = 0;

  constructor(element: HTMLElement, rowHeight: number, how: Draw) {
    this.element = element;
    this.rowHeight = rowHeight;
    this.how = how;
    this.prefix = `grid${++Grid.made}-`;
    this.spacer = document.createElement("div");
    this.spacer.className = "grid-spacer";
    this.spacer.setAttribute("role", "presentation");
    this.pane = document.createElement("div");
    this.pane.className = "grid-pane";
    this.pane.setAttribute("role", "rowgroup");
    this.spacer.append(this.pane);
    element.append(this.spacer);
    element.setAttribute("aria-rowcount", "1");
    element.addEventListener("scroll", this.onScroll, { passive: true });
    element.addEventListener("scrollend", this.onRest, { passive: true });
    element.addEventListener("wheel", this.onWheel, { passive: false });
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(element);
    this.resize();
  }

  close(): void {
    this.watch.disconnect();
    this.element.removeEventListener("scroll", this.onScroll);
    this.element.removeEventListener("scrollend", this.onRest);
    this.element.removeEventListener("wheel", this.onWheel);
    cancelAnimationFrame(this.pending);
    this.spacer.remove();
  }

  /** count says how many rows there are; the table stays where it is. */
  count(n: number): void {
    if (n === this.total) return;
    this.total = n;
    this.element.setAttribute("aria-rowcount", String(n + 1));
    this.spacer.style.height = `${this.high().bar}px`;
    this.move(this.position);
  }

  get rowCount(): number {
    return this.total;
  }

  /** first is the number of the topmost row that is seen whole. */
  get first(): number {
    return Math.ceil(this.position / this.rowHeight);
  }

  /** step is the row so many below another; from none, which is -1, the way begins with what is seen. */
  step(from: number, by: number): number {
    return Math.max(0, Math.min(this.total - 1, (from < 0 ? this.first - Math.sign(by) : from) + by));
  }

  /** page is how many rows are seen whole. */
  get page(): number {
    return Math.max(1, Math.floor(this.height / this.rowHeight));
  }

  /** offset is where the table stands, in pixels; move goes there. */
  get offset(): number {
    return this.position;
  }

  /** idOf is the id of the element that shows a row, for aria-activedescendant. */
  idOf(index: number): string {
    return this.prefix + index;
  }

  /** shift moves the table with its rows, which have other numbers now. */
  shift(rows: number): void {
    this.move(this.position + rows * this.rowHeight);
  }

  /** shows says whether a row is seen, if only in part. */
  shows(index: number): boolean {
    return (index + 1) * this.rowHeight > this.position && index * this.rowHeight < this.position + this.height;
  }

  /** reveal moves the table as little as it takes to see a row whole. */
  reveal(index: number): void {
    const top = index * this.rowHeight;
    if (top < this.position) this.move(top);
    else if (top + this.rowHeight > this.position + this.height) this.move(top + this.rowHeight - this.height);
  }

  /** move puts the upper edge at a pixel of the whole table. */
  move(to: number): void {
    const high = this.high();
    this.position = Math.min(Math.max(0, to), Math.max(0, high.all - high.seen));
    const top = barOf(this.position, high);
    if (Math.abs(this.element.scrollTop - top) >= 1) this.element.scrollTop = top;
    this.lastTop = this.element.scrollTop;
    this.redraw();
  }

  /** redraw draws what is seen at the next frame. */
  redraw(): void {
    this.firstSeen = -1;
    this.schedule();
  }

  private schedule(): void {
    if (!this.pending) this.pending = requestAnimationFrame(() => this.draw());
  }

  private high(): Height {
    return { all: this.total * this.rowHeight, seen: this.height, bar: Math.min(this.total * this.rowHeight, maxHeight) };
  }

  private readonly onScroll = (): void => {
    const top = this.element.scrollTop;
    if (top === this.lastTop) return;
    this.position = positionOf(top, this.lastTop, this.position, this.high());
    this.lastTop = top;
    this.schedule();
    this.how.moved?.();
  };

  private readonly onRest = (): void => {
    const high = this.high();
    if (high.all > high.bar) this.move(this.position);
  };

  // The bar's own way with a wheel would run out of bar long before the table ends.
  private readonly onWheel = (e: WheelEvent): void => {
    const high = this.high();
    if (high.all <= high.bar || e.ctrlKey || e.deltaY === 0) return;
    e.preventDefault();
    const unit = [1, lineHeight, this.height][e.deltaMode] ?? 1;
    this.move(this.position + e.deltaY * unit);
    this.how.moved?.();
  };

  private resize(): void {
    this.height = this.element.clientHeight - this.headHeight();
    this.move(this.position);
  }

  private headHeight(): number {
    const head = this.element.querySelector<HTMLElement>(".grid-head");
    return head ? head.offsetHeight : 0;
  }

  private draw(): void {
    this.pending = 0;
    const first = Math.max(0, Math.floor(this.position / this.rowHeight) - spare);
    const last = Math.min(this.total, Math.ceil((this.position + this.height) / this.rowHeight) + spare); // behind the last
    const want = Math.max(0, last - first);
    if (this.rows.length < want) this.firstSeen = -1; // rows change their elements
    while (this.rows.length < want) {
      const row = document.createElement("div");
      row.setAttribute("role", "row");
      row.className = "row";
      this.how.make(row);
      this.rows.push(row);
      this.pane.append(row);
    }
    if (first !== this.firstSeen || last !== this.lastSeen) {
      this.how.seen?.(first, last);
      // A row keeps its element while it is seen, so that only what is new is drawn.
      for (let i = first; i < last; i++) {
        const row = this.rows[i % this.rows.length]!;
        if (this.firstSeen >= 0 && row.dataset["index"] === String(i) && !row.hidden) continue;
        row.dataset["index"] = String(i);
        row.id = this.idOf(i);
        row.setAttribute("aria-rowindex", String(i + 2)); // the head is the first
        row.hidden = false;
        this.how.draw(row, i);
      }
      if (want < this.rows.length) {
        for (const row of this.rows) {
          const i = Number(row.dataset["index"] ?? -1);
          if (i < first || i >= last) row.hidden = true;
        }
      }
      this.firstSeen = first;
      this.lastSeen = last;
    }
    for (let i = first; i < last; i++) {
      const row = this.rows[i % this.rows.length]!;
      row.style.transform = `translateY(${i * this.rowHeight - this.position}px)`;
    }
    this.how.drawn?.();
  }
}
