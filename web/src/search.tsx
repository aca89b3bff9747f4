// The search box: one for words, the small language, XPath and QueryLists. What is
// wrong is said under the place; what could stand there is offered.
import { useEffect, useRef, useState } from "preact/hooks";
import { post, type Completion, type QueryAnswer } from "./api.ts";
import { isSmall, quote, without, words } from "./ask.ts";
import { again, result } from "./result.ts";
import { count, oneLine, visible } from "./text.ts";
import { go, view } from "./view.ts";

const most = 12; // completions
const beside = 24; // characters shown on either side of what is wrong

/** place turns an offset in bytes of UTF-8, as the API gives them, into one of a string. */
export function place(text: string, bytes: number): number {
  let n = 0;
  let i = 0;
  while (i < text.length && n < bytes) {
    const c = text.codePointAt(i)!;
    n += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    i += c > 0xffff ? 2 : 1;
  }
  return i;
}

/** bytesTo is place the other way round. */
export function bytesTo(text: string, at: number): number {
  return new TextEncoder().encode(text.slice(0, at)).length;
}

/** Told is what the server says of a text that is being written. */
interface Told {
  of: string;
  answer: QueryAnswer;
}

export function Search() {
  const box = useRef<HTMLInputElement>(null);
  const given = view.value.q;
  const [text, setText] = useState(given);
  const [told, setTold] = useState<Told | null>(null);
  const [chosen, setChosen] = useState(-1);
  const [open, setOpen] = useState(false);
  const asking = useRef<AbortController | null>(null);
  const timer = useRef(0);
  useEffect(() => {
    setText(given);
    setTold(null);
  }, [given]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      asking.current?.abort();
    },
    [],
  );

  const ask = (of: string, at: number) => {
    clearTimeout(timer.current);
    asking.current?.abort();
    setChosen(-1);
    timer.current = setTimeout(async () => {
      const mine = (asking.current = new AbortController());
      try {
        const a = await post<QueryAnswer>("/v1/query", { text: of, at: bytesTo(of, at) }, mine.signal);
        if (mine.signal.aborted) return;
        const completions = [...(a.completions ?? []), ...fromFacets(of, at)];
        setTold({ of, answer: { ...a, completions: completions.slice(0, most) } });
      } catch {
        if (!mine.signal.aborted) setTold(null); // it can be searched for all the same
      }
    }, 90);
  };

  const current = told?.of === text ? told.answer : null;
  const completions = (open && current?.completions) || [];
  const complete = (c: Completion) => {
    const from = place(text, c.from);
    const next = text.slice(0, from) + c.text + text.slice(place(text, c.to));
    const cursor = from + c.text.length;
    setText(next);
    requestAnimationFrame(() => {
      box.current?.setSelectionRange(cursor, cursor);
      ask(next, cursor);
    });
  };

  const run = () => {
    setOpen(false);
    setText(text.trim());
    if (text.trim() === given) again();
    else go({ q: text.trim(), key: "" });
  };

  // What is wrong is said while it is written, and again by the server that is asked.
  const refused = text === given ? serverError() : undefined;
  const error = current?.error ?? refused;
  const from = error ? place(text, error.offset) : 0;
  const to = error ? Math.max(from + 1, place(text, error.offset + error.length)) : 0;

  const onKey = (e: KeyboardEvent) => {
    const n = completions.length;
    if (e.key === "ArrowDown" && n) setChosen((chosen + 1) % n);
    else if (e.key === "ArrowUp" && n) setChosen(chosen < 0 ? n - 1 : chosen - 1);
    else if (e.key === "Tab" && completions[chosen]) complete(completions[chosen]);
    else if (e.ctrlKey && e.key === " ") {
      setOpen(true);
      ask(text, box.current!.selectionStart ?? text.length);
    } else if (e.key === "Escape") {
      if (n) setOpen(false);
      else box.current!.blur();
      e.stopPropagation();
    } else return;
    e.preventDefault();
  };

  return (
    <form
      class="search"
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        const c = completions[chosen];
        if (c) complete(c);
        else run();
      }}
    >
      <div class="search-box">
        <input
          ref={box}
          id="search"
          type="text"
          value={text}
          role="combobox"
          aria-label="Search: words, field:value, XPath or a QueryList"
          aria-expanded={completions.length > 0}
          aria-controls={completions.length ? "completions" : undefined}
          aria-autocomplete="list"
          aria-activedescendant={completions[chosen] ? `completion-${chosen}` : undefined}
          aria-invalid={error ? "true" : undefined}
          aria-describedby={error ? "search-error" : undefined}
          placeholder={'words, level<=2, source:dc*, -id:7036, user:bob, "exact words", XPath …'}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onInput={(e) => {
            setText(e.currentTarget.value);
            setOpen(true);
            ask(e.currentTarget.value, e.currentTarget.selectionStart ?? e.currentTarget.value.length);
          }}
          onBlur={() => setOpen(false)}
          onKeyDown={onKey}
        />
        <button type="submit">Search</button>
        {completions.length ? (
          <ul id="completions" role="listbox" aria-label="What could stand here">
            {completions.map((c, i) => (
              <li
                key={c.text}
                id={`completion-${i}`}
                role="option"
                aria-selected={i === chosen}
                onMouseDown={(e) => {
                  e.preventDefault(); // the box keeps the focus
                  complete(c);
                }}
              >
                <b>{oneLine(c.text)}</b> <span class="dim">{oneLine(c.detail ?? "")}</span>
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {error ? (
        <p id="search-error" class="error" role={refused ? "alert" : undefined}>
          <code>
            {visible(text.slice(Math.max(0, from - beside), from))}
            <mark>{visible(text.slice(from, to)) || "␣"}</mark>
            {visible(text.slice(to, to + beside))}
          </code>{" "}
          {visible(error.message)}
        </p>
      ) : null}
    </form>
  );
}

/** serverError is what the server said of the query that is in the address. */
function serverError(): { offset: number; length: number; message: string } | undefined {
  const p = result.value?.problem.value;
  return p && p.offset !== undefined ? { offset: p.offset, length: p.span ?? 1, message: p.message } : undefined;
}

/** fromFacets completes field:begin with values that were counted. */
function fromFacets(text: string, at: number): Completion[] {
  const m = /([\w.]+):("?)([^"(),]*)$/.exec(text.slice(0, at));
  if (!m || !isSmall(text) || (!m[2] && /\s/.test(m[3]!))) return [];
  const f = result.value?.facets.value?.facets.find((x) => x.field.toLowerCase() === m[1]!.toLowerCase());
  const begin = m[3]!.toLowerCase();
  const from = bytesTo(text, at - m[2]!.length - m[3]!.length);
  return (f?.values ?? [])
    .filter((v) => v.value.toLowerCase().startsWith(begin) && v.value.length > begin.length)
    .slice(0, 8)
    .map((v) => ({ text: quote(v.value), detail: `${count(v.count)} events`, from, to: bytesTo(text, at) }));
}

/** Chips are the words of the query, each of which can be taken away. */
export function Chips() {
  const q = view.value.q;
  if (!q || !isSmall(q)) return null;
  const all = words(q);
  return (
    <ul class="chips" aria-label="Filters">
      {all.map((w, i) => (
        <li key={w + i} class={w.startsWith("-") ? "chip not" : "chip"}>
          <span>{oneLine(w)}</span>
          <button aria-label={`Remove ${oneLine(w)}`} onClick={() => go({ q: without(q, i), key: "" })}>
            ×
          </button>
        </li>
      ))}
      {all.length > 1 ? (
        <li>
          <button class="link" onClick={() => go({ q: "", key: "" })}>
            clear all
          </button>
        </li>
      ) : null}
    </ul>
  );
}
