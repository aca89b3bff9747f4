// Events as a table: what the rows of a grid look like, and the keys that move in it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { Grid } from "./grid.ts";
import { isAudit, kind } from "./level.ts";
import { called, lettersOn } from "./state.ts";
import { oneLine, tail } from "./text.ts";
import { at, zone } from "./time.ts";
import { filter, isMenuKey, offer, type Value } from "./value.tsx";
import type { Event, Row } from "./api.ts";

// A telephone has room for a message only in a line of its own.
const narrow = matchMedia("(max-width: 520px)");
const rowHeight = { wide: 26, narrow: 47 };

const columns = ["time", "level", "server", "log", "source", "id", "message"] as const;
const titles: Record<(typeof columns)[number], string> = {
  time: "Time", level: "Level", server: "Server", log: "Log", source: "Source", id: "ID", message: "Message",
};

/** said is what an event says: its text, or where there is none its strings, with their names as netelf scan shows them. */
export function said(e: Event): string {
  const named = (s: string, i: number) => (e.names?.[i] ? `${e.names[i]}=${s}` : s);
  return e.message ?? (e.strings ?? []).map(named).join(", ");
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
  put(cells[2]!, oneLine(tail(called(r.server))));
  put(cells[3]!, oneLine(tail(r.log)));
  put(cells[4]!, oneLine(e.source));
  put(cells[5]!, String(e.id));
  const text = said(e);
  put(cells[6]!, oneLine(text.length > 400 ? text.slice(0, 400) : text));
  row.dataset["level"] = k.name;
}

/** valueOf is what a column says of an event, and the field to ask for it by. */
export function valueOf(r: Row, column: number): Value | null {
  const e = r.event;
  if (!e) return null;
  switch (columns[column]) {
    case "time":
      return { field: "time", value: e.time ?? e.time_written ?? "" };
    case "level":
      return isAudit(e) ? { field: "type", value: String(e.type) } : { field: "level", value: String(e.level) };
    case "server":
      return { field: "server", value: r.server };
    case "log":
      return { field: "log", value: r.log };
    case "source":
      return { field: "source", value: e.source };
    case "id":
      return { field: "id", value: String(e.id) };
  }
  return { field: "", value: said(e) };
}

export interface Rows {
  /** total is how many rows there are. */
  total: () => number;
  /** row is the row of a number, if it is here. */
  row: (index: number) => Row | undefined;
  /** want is told which rows are looked at, and which of them is to keep its place; -1: none, the newest is looked at. */
  want?: (first: number, last: number, anchor: number) => void;
  /** changed is read where rows must be drawn again when it changes. */
  changed: () => unknown;
}

/** Table shows rows; chosen is the number of the row that is chosen, or -1. */
export function Table(props: {
  rows: Rows;
  chosen: number;
  choose: (index: number) => void;
  open: () => void;
  label: string;
  /** moved is told when the user has moved the table. */
  moved?: (grid: Grid) => void;
  made?: (grid: Grid) => void;
  /** none is shown in the place of rows where there are none. */
  none?: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const grid = useRef<Grid | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const column = useRef(-1); // of the chosen row; -1: the row as a whole
  const [tall, setTall] = useState(narrow.matches);

  useEffect(() => {
    const turned = () => setTall(narrow.matches);
    narrow.addEventListener("change", turned);
    return () => narrow.removeEventListener("change", turned);
  }, []);

  useEffect(() => {
    const mark = (row: HTMLElement, i: number) => {
      const { chosen } = latest.current;
      row.setAttribute("aria-selected", String(i === chosen));
      for (let c = 0; c < row.children.length; c++) {
        const at = i === chosen && c === column.current;
        row.children[c]!.classList.toggle("at", at);
        if (at) row.children[c]!.id = row.id + "-cell";
        else if (row.children[c]!.id) row.children[c]!.removeAttribute("id");
      }
    };
    const element = box.current!;
    const g = new Grid(element, tall ? rowHeight.narrow : rowHeight.wide, {
      make: fill,
      draw: (row, i) => {
        paint(row, latest.current.rows.row(i));
        mark(row, i);
        row.classList.toggle("odd", i % 2 === 1);
      },
      seen: (first, last) => {
        const { chosen, rows } = latest.current;
        rows.want?.(first, last, chosen >= 0 && g.shows(chosen) ? chosen : g.offset > 0 ? g.first : -1);
      },
      drawn: () => {
        const { chosen } = latest.current;
        if (chosen >= 0 && g.shows(chosen)) element.setAttribute("aria-activedescendant", g.idOf(chosen) + (column.current >= 0 ? "-cell" : ""));
        else element.removeAttribute("aria-activedescendant");
      },
      moved: () => latest.current.moved?.(g),
    });
    grid.current = g;
    latest.current.made?.(g);
    const stop = effect(() => {
      latest.current.rows.changed();
      void zone.value;
      void called("."); // which may come to be known
      g.count(latest.current.rows.total());
      g.redraw();
    });
    return () => {
      stop();
      g.close();
      grid.current = null;
    };
  }, [props.rows, tall]);

  useEffect(() => {
    if (props.chosen < 0) column.current = -1;
    grid.current?.redraw();
  }, [props.chosen]);

  // turn goes to the next column that is shown.
  const turn = (by: number) => {
    const widths = [...box.current!.querySelector(".grid-head .row")!.children].map((c) => c.clientWidth);
    let c = column.current + by;
    while (c >= 0 && c < columns.length && widths[c] === 0) c += by;
    if (c >= -1 && c < columns.length) column.current = c;
    grid.current!.redraw();
  };

  const offerAt = (i: number, c: number) => {
    const row = props.rows.row(i);
    const of = row && valueOf(row, Math.max(0, c));
    const at = document.getElementById(grid.current!.idOf(i))?.children[Math.max(0, c)]?.getBoundingClientRect();
    if (of && at) offer(of, at.left, at.bottom, box.current!);
  };

  const onKey = (e: KeyboardEvent) => {
    const g = grid.current;
    if (!g || e.ctrlKey || e.metaKey || e.altKey) return;
    const last = g.rowCount - 1;
    const { chosen } = props;
    const from = chosen < 0 ? g.first - 1 : chosen;
    const to: Record<string, number> = {
      ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + g.page, PageUp: from - g.page, Home: 0, End: last,
    };
    const next = to[e.key];
    const cell = chosen >= 0 && column.current >= 0 ? props.rows.row(chosen) : undefined;
    const of = cell && valueOf(cell, column.current);
    const how = ({ x: "include", X: "exclude", o: "only" } as const)[e.key as "x"];
    if (next !== undefined && last >= 0) props.choose(Math.max(0, Math.min(last, next)));
    else if (e.key === "Enter" && chosen >= 0) props.open();
    else if (e.key === "ArrowRight" && chosen >= 0) turn(1);
    else if (e.key === "ArrowLeft" && chosen >= 0) turn(-1);
    else if (isMenuKey(e) && chosen >= 0) offerAt(chosen, column.current);
    else if (how && of?.field && lettersOn.value) filter(how, of.field, of.value);
    else return;
    e.preventDefault();
  };

  const rowAt = (e: MouseEvent) => Number((e.target as HTMLElement).closest<HTMLElement>(".grid-pane .row")?.dataset["index"] ?? -1);

  return (
    <div class="table" role="presentation">
      {props.none ? <div class="none">{props.none}</div> : null}
      <div
        ref={box}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-colcount={columns.length}
        onKeyDown={onKey}
        onClick={(e) => {
          const i = rowAt(e);
          if (i >= 0) props.choose(i);
        }}
        onContextMenu={(e) => {
          const i = rowAt(e);
          if (i < 0) e.preventDefault(); // by the key, which onKey has seen
          if (i < 0 || e.shiftKey) return; // Shift is the way to the browser's own
          const cell = (e.target as HTMLElement).closest(".cell");
          const row = props.rows.row(i);
          const of = row && valueOf(row, cell ? [...cell.parentElement!.children].indexOf(cell) : 6);
          if (!of) return;
          e.preventDefault();
          offer(of, e.clientX, e.clientY, box.current!);
        }}
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
