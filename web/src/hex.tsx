// The bytes that a record is made of, and which field each of them belongs to: under
// the mouse, or under a cursor that the arrow keys move.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HexField } from "./api.ts";
import { count, oneLine } from "./text.ts";

const wide = 16; // bytes of a line; half of them where these have no room
const most = 4096; // bytes shown; a browser is no hex editor

/** owners is the smallest field that each of n bytes belongs to, or -1. */
export function owners(n: number, fields: HexField[]): Int32Array {
  const all = new Int32Array(n).fill(-1);
  const bySize = fields.map((_, i) => i).sort((a, b) => fields[b]!.length - fields[a]!.length);
  for (const i of bySize) all.fill(i, Math.min(n, fields[i]!.offset), Math.min(n, fields[i]!.offset + fields[i]!.length));
  return all;
}

/** Run is a part of a line that is of one field. */
interface Run {
  from: number;
  to: number;
  field: number;
}

/** runs cuts a line of bytes where another field begins. */
export function runs(from: number, to: number, owner: Int32Array): Run[] {
  const all: Run[] = [];
  for (let i = from; i < to; i++) {
    const last = all.at(-1);
    if (last && last.field === owner[i]) last.to = i + 1;
    else all.push({ from: i, to: i + 1, field: owner[i]! });
  }
  return all;
}

export const hex = (b: Uint8Array) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join(" ");
const ascii = (b: Uint8Array) => Array.from(b, (x) => (x >= 0x20 && x < 0x7f ? String.fromCharCode(x) : ".")).join("");
const offset = (n: number) => n.toString(16).padStart(4, "0");

export function Hex(props: { bytes: string; fields: HexField[] }) {
  const { fields } = props;
  const raw = useMemo(() => Uint8Array.from(atob(props.bytes), (c) => c.charCodeAt(0)), [props.bytes]);
  const shown = Math.min(raw.length, most);
  const owner = useMemo(() => owners(shown, fields), [shown, fields]);
  const [under, setUnder] = useState(-1); // the field under the mouse
  const [at, setAt] = useState(-1); // the byte under the cursor of the keys
  const box = useRef<HTMLDivElement>(null);
  const needed = useRef(0); // pixels of a wide line
  const [width, setWidth] = useState(wide);
  useLayoutEffect(() => {
    const b = box.current!;
    const fit = () => {
      if (width === wide && b.scrollWidth > b.clientWidth) {
        needed.current = b.scrollWidth;
        setWidth(wide / 2);
      } else if (width < wide && b.clientWidth >= needed.current) setWidth(wide);
    };
    const watch = new ResizeObserver(fit);
    watch.observe(b);
    fit();
    return () => watch.disconnect();
  }, [width, props.bytes]);
  const lit = under >= 0 ? under : at >= 0 ? (owner[at] ?? -1) : -1;
  const field = fields[lit];
  const class_ = (r: Run) => (r.field >= 0 && r.field === lit ? "lit" : undefined);

  const move = (e: KeyboardEvent) => {
    const by: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width };
    if (by[e.key] === undefined || e.ctrlKey || e.altKey || e.metaKey) return;
    e.preventDefault();
    setUnder(-1);
    setAt(Math.max(0, Math.min(shown - 1, at < 0 ? 0 : at + by[e.key]!)));
  };

  const lines = [];
  for (let from = 0; from < shown; from += width) {
    const all = runs(from, Math.min(shown, from + width), owner);
    lines.push(
      <div key={from}>
        <span class="dim">{offset(from)} </span>
        <span class="bytes">
          {all.map((r) => (
            <span key={r.from} class={class_(r)} onMouseEnter={() => setUnder(r.field)}>
              {at >= r.from && at < r.to ? (
                <>
                  {hex(raw.subarray(r.from, at))}
                  {at > r.from ? " " : ""}
                  <b class="cursor">{hex(raw.subarray(at, at + 1))}</b>
                  {at + 1 < r.to ? " " : ""}
                  {hex(raw.subarray(at + 1, r.to))}
                </>
              ) : (
                hex(raw.subarray(r.from, r.to))
              )}{" "}
            </span>
          ))}
        </span>
        <span class="ascii">
          {all.map((r) => (
            <span key={r.from} class={class_(r)} onMouseEnter={() => setUnder(r.field)}>
              {ascii(raw.subarray(r.from, r.to))}
            </span>
          ))}
        </span>
      </div>,
    );
  }

  return (
    <div class="hex">
      <p class="hex-field" role="status">
        {field ? (
          <>
            <b>{field.path}</b> {oneLine(field.value)} <span class="dim">{`${count(field.length)} bytes at ${offset(field.offset)}`}</span>
          </>
        ) : (
          <span class="dim">Point at a byte, or move the cursor with the arrow keys.</span>
        )}
      </p>
      <div ref={box} class={width < wide ? "hex-bytes half" : "hex-bytes"} onMouseLeave={() => setUnder(-1)} onKeyDown={move} tabIndex={0} aria-label="Bytes of the record" role="group">
        {lines}
        {raw.length > shown ? <p class="dim">{count(raw.length - shown)} more bytes are not shown.</p> : null}
      </div>
      <table>
        <tbody>
          {fields.map((f, i) => (
            <tr key={f.path + f.offset} class={i === lit ? "lit" : undefined} onMouseEnter={() => setUnder(i)} onMouseLeave={() => setUnder(-1)}>
              <td class="dim">{offset(f.offset)}</td>
              <td>{f.path}</td>
              <td>{oneLine(f.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
