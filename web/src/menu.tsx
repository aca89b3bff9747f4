// Menus that drop down from a button.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "./text.ts";

/** Menu is open until Escape, a click elsewhere, or until the focus leaves it. */
export function Menu(props: { label: ComponentChildren; class?: string; children: (close: () => void) => ComponentChildren }) {
  const box = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  const close = () => {
    if (box.current) box.current.open = false;
  };
  useEffect(() => {
    const outside = (e: Event) => {
      if (!box.current?.contains(e.target as Node)) close();
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
    };
  }, []);
  return (
    <details
      ref={box}
      class={"menu " + (props.class ?? "")}
      onToggle={(e) => setOpen(e.currentTarget.open)}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !box.current?.open) return;
        e.stopPropagation();
        close();
        box.current.querySelector("summary")!.focus();
      }}
    >
      <summary>{props.label}</summary>
      {open ? <div class="drop">{props.children(close)}</div> : null}
    </details>
  );
}

const many = 12; // names above which they can be searched

/** Choose is a menu of names, of which any number can be chosen; none are all. */
export function Choose(props: { label: string; all: string; shown?: (name: string) => string; names: string[]; chosen: string[]; choose: (names: string[]) => void }) {
  const { names, chosen } = props;
  const [part, setPart] = useState("");
  const everything = [...new Set([...names, ...chosen])];
  const shown = (n: string) => visible(props.shown ? props.shown(n) : n);
  const seen = everything.filter((n) => shown(n).toLowerCase().includes(part.toLowerCase()));
  const what = chosen.length === 0 ? props.all : chosen.length === 1 ? shown(chosen[0]!) : `${chosen.length} chosen`;
  return (
    <Menu label={`${props.label}: ${what}`}>
      {() => (
        <>
          <button class="link" onClick={() => props.choose([])}>
            {props.all}
          </button>
          {everything.length > many ? (
            <input aria-label={`Part of a name of ${props.label}`} placeholder="part of a name" value={part} onInput={(e) => setPart(e.currentTarget.value)} />
          ) : null}
          {seen.map((n) => (
            <label key={n}>
              <input
                type="checkbox"
                checked={chosen.includes(n)}
                onChange={(e) => props.choose(e.currentTarget.checked ? [...chosen, n] : chosen.filter((x) => x !== n))}
              />
              {shown(n)}
            </label>
          ))}
        </>
      )}
    </Menu>
  );
}
