// Events as a table: what the rows of a grid look like, and the keys that move in it.
import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { Grid } from "./grid.ts";
import { kind } from "./level.ts";
import { oneLine } from "./text.ts";
import { at, zone } from "./time.ts";
import type { Event, Row } from "./api.ts";

const columns = ["time", "level", "server", "log", "source", "id", "message"] as const;
const titles: Record<(typeof columns)[number], string> = {
  time: "Time", level: "Level", server: "Server", log: "Log", source: "Source", id: "ID", message: "Message",
};

/** said is what a row says: the text, or the strings where there is none. */
export function said(e: Event): string {
  return e.message ?? (e.strings ?? []).join(", ");
}

function fill(row: HTMLElement): void {
  columns.forEach((name, i) => {
    const cell = document.createElement("span");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", String(i + 1));
    cell.className = "cell " + name;
    if (name === "level") {
      const shape = document.createElement("i");
      shape.setAttribute("aria-hidden", "true");
      cell.append(shape, document.createElement("span"));
    }
    row.append(cell);
  });
}

function put(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

function paint(row: HTMLElement, r: Row | undefined): void {
  const cells = row.children;
  const e = r?.event;
  if (!e) {
    for (let i = 0; i < cells.length; i++) if (i !== 1) put(cells[i]!, "");
    put(cells[1]!.children[0]!, "");
    put(cells[1]!.children[1]!, "");
    put(cells[6]!, r?.gone ? oneLine(r.gone) : r ? "" : "…");
    row.dataset["level"] = r?.gone ? "gone" : "none";
    return;
  }
  const k = kind(e);
  put(cells[0]!, at(e.time ?? e.time_written));
  put(cells[1]!.children[0]!, k.shape);
  put(cells[1]!.children[1]!, k.word);
  put(cells[2]!, oneLine(r.server));
  put(cells[3]!, oneLine(r.log));
  put(cells[4]!, oneLine(e.source));
  put(cells[5]!, String(e.id));
  const text = said(e);
  put(cells[6]!, oneLine(text.length > 400 ? text.slice(0, 400) : text));
  row.dataset["level"] = k.name;
}

export interface Rows {
  /** total is how many rows there are. */
  total: () => number;
  /** row is the row of a number, if it is here. */
  row: (index: number) => Row | undefined;
  /** want is told which rows are looked at. */
  want?: (first: number, last: number) => void;
  /** changed is read where rows must be drawn again when it changes. */
  changed: () => unknown;
}

/** Table shows rows; chosen is the number of the row that is chosen, or -1. */
export function Table(props: {
  rows: Rows;
  chosen: number;
  choose: (index: number) => void;
  open?: (index: number) => void;
  label: string;
  moved?: (grid: Grid) => void;
  made?: (grid: Grid) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const grid = useRef<Grid | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const g = new Grid(box.current!, 26, {
      make: fill,
      draw: (row, i) => {
        paint(row, latest.current.rows.row(i));
        row.setAttribute("aria-selected", String(i === latest.current.chosen));
        row.classList.toggle("odd", i % 2 === 1);
      },
      seen: (first, last) => latest.current.rows.want?.(first, last),
      moved: () => latest.current.moved?.(g),
    });
    grid.current = g;
    latest.current.made?.(g);
    const stop = effect(() => {
      latest.current.rows.changed();
      void zone.value;
      g.count(latest.current.rows.total());
      g.redraw();
    });
    return () => {
      stop();
      g.close();
      grid.current = null;
    };
  }, [props.rows]);

  useEffect(() => {
    const g = grid.current;
    if (g && props.chosen >= 0) {
      g.reveal(props.chosen);
      box.current!.setAttribute("aria-activedescendant", g.idOf(props.chosen));
    }
    g?.redraw();
  }, [props.chosen]);

  const onKey = (e: KeyboardEvent) => {
    const g = grid.current;
    if (!g || e.ctrlKey || e.metaKey || e.altKey) return;
    const last = g.rowCount - 1;
    const from = props.chosen < 0 ? g.first - 1 : props.chosen;
    const to: Record<string, number> = {
      ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + g.page, PageUp: from - g.page, Home: 0, End: last,
    };
    const next = to[e.key];
    if (next !== undefined && last >= 0) {
      e.preventDefault();
      props.choose(Math.max(0, Math.min(last, next)));
    } else if (e.key === "Enter" && props.chosen >= 0) {
      e.preventDefault();
      (props.open ?? props.choose)(props.chosen);
    }
  };

  const onClick = (e: MouseEvent) => {
    const row = (e.target as HTMLElement).closest<HTMLElement>(".row");
    const i = Number(row?.dataset["index"] ?? -1);
    if (i >= 0) props.choose(i);
  };

  return (
    <div class="table" role="presentation">
      <div
        ref={box}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-colcount={columns.length}
        onKeyDown={onKey}
        onClick={onClick}
      >
        <div class="grid-head" role="rowgroup">
          <div role="row" class="row head" aria-rowindex={1}>
            {columns.map((c, i) => (
              <span key={c} role="columnheader" class={"cell " + c} aria-colindex={i + 1}>
                {titles[c]}
              </span>
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}
