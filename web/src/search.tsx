// The search box: one for words, the small language, XPath and QueryLists. What is
// wrong is said under the place; what could stand there is offered.
import { useEffect, useRef, useState } from "preact/hooks";
import { post, Problem, type Completion, type QueryAnswer } from "./api.ts";
import { isSmall, without, words } from "./ask.ts";
import { result } from "./result.ts";
import { oneLine, visible } from "./text.ts";
import { go, view } from "./view.ts";

/** places are byte offsets in UTF-8, as the API gives them, turned into those of a string. */
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

export function Search(props: { id: string }) {
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(view.value.q);
  const [answer, setAnswer] = useState<QueryAnswer | null>(null);
  const [chosen, setChosen] = useState(-1);
  const [open, setOpen] = useState(false);
  const asking = useRef<AbortController | null>(null);
  const timer = useRef(0);
  const given = view.value.q;
  useEffect(() => {
    setText(given);
    setAnswer(null);
  }, [given]);

  const ask = (value: string, at: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      asking.current?.abort();
      asking.current = new AbortController();
      try {
        const a = await post<QueryAnswer>("/v1/query", { text: value, at: bytesTo(value, at) }, asking.current.signal);
        setAnswer({ ...a, completions: [...a.completions, ...fromFacets(value, at)].slice(0, 12) });
        setChosen(-1);
      } catch (e) {
        if (e instanceof Problem) setAnswer(null);
      }
    }, 120);
  };

  const complete = (c: Completion) => {
    const from = place(text, c.from);
    const to = place(text, c.to);
    const next = text.slice(0, from) + c.text + text.slice(to);
    setText(next);
    setChosen(-1);
    const input = box.current!;
    requestAnimationFrame(() => {
      input.setSelectionRange(from + c.text.length, from + c.text.length);
      ask(next, from + c.text.length);
    });
  };

  const run = () => {
    setOpen(false);
    go({ q: text.trim(), key: "" });
  };

  const completions = (open && answer?.completions) || [];
  const error = answer?.error ?? serverError();
  const from = error ? place(text, error.offset) : 0;
  const to = error ? Math.max(from + 1, place(text, error.offset + error.length)) : 0;

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
          id={props.id}
          type="text"
          value={text}
          role="combobox"
          aria-label="Search: words, field:value, XPath or a QueryList"
          aria-expanded={completions.length > 0}
          aria-controls="completions"
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? `completion-${chosen}` : undefined}
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
          onBlur={() => setTimeout(() => setOpen(false), 150)}
          onKeyDown={(e) => {
            if (e.key === "ArrowDown" && completions.length) {
              e.preventDefault();
              setChosen((chosen + 1) % completions.length);
            } else if (e.key === "ArrowUp" && completions.length) {
              e.preventDefault();
              setChosen((chosen + completions.length) % (completions.length + 1) - (chosen < 0 ? 1 : 0));
            } else if (e.key === "Tab" && chosen >= 0) {
              e.preventDefault();
              complete(completions[chosen]!);
            } else if (e.key === "Escape") {
              if (open && completions.length) setOpen(false);
              else e.currentTarget.blur();
              e.stopPropagation();
            } else if (e.ctrlKey && e.key === " ") {
              e.preventDefault();
              setOpen(true);
              ask(text, e.currentTarget.selectionStart ?? text.length);
            }
          }}
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
                  e.preventDefault();
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
        <p id="search-error" class="error" role="alert">
          <code>
            {visible(text.slice(Math.max(0, from - 24), from))}
            <mark>{visible(text.slice(from, to)) || "␣"}</mark>
            {visible(text.slice(to, to + 24))}
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
  const m = /([\w.]+):([^\s"(),]*)$/.exec(text.slice(0, at));
  if (!m || !isSmall(text)) return [];
  const f = result.value?.facets.value?.facets.find((x) => x.field === m[1]!.toLowerCase());
  const begin = m[2]!.toLowerCase();
  const from = bytesTo(text, at - m[2]!.length);
  return (f?.values ?? [])
    .filter((v) => v.value.toLowerCase().startsWith(begin) && v.value.length > begin.length)
    .slice(0, 8)
    .map((v) => ({ text: /[\s"(),]/.test(v.value) ? JSON.stringify(v.value) : v.value, detail: `${v.count} events`, from, to: bytesTo(text, at) }));
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
