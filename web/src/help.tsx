// The keys, and what can be written into the search box.
import { useEffect, useRef } from "preact/hooks";
import { keys } from "./keys.ts";
import { about, helpShown, lettersOn, turnLetters } from "./state.ts";
import { visible } from "./text.ts";

const examples: [string, string][] = [
  ["spooler jammed", "both words, in strings, data or source"],
  ['"exact words"', "these words in this order"],
  ["level<=2", "errors and worse"],
  ["source:dc*", "sources that begin with dc"],
  ["id:4625,4740", "one of these ids"],
  ["-id:7036", "not this id"],
  ["user:bob since:8h", "of a user, of the last 8 hours"],
  ["data.IpAddress:10.*", "a data field by its name"],
  ["(id:6008 or id:41) server:web*", "either, on some servers"],
  ["*[System[(EventID=4624)]]", "XPath, as Event Viewer takes it; QueryLists too"],
];

export function Help() {
  const box = useRef<HTMLDialogElement>(null);
  const shown = helpShown.value;
  useEffect(() => {
    if (shown && !box.current!.open) box.current!.showModal();
    if (!shown && box.current!.open) box.current!.close();
  }, [shown]);
  return (
    <dialog ref={box} class="help" aria-label="Help" onClose={() => (helpShown.value = false)}>
      <form method="dialog" class="help-head">
        <h2>Help</h2>
        <button>Close</button>
      </form>
      <div class="columns">
        <section>
          <h3>Keys</h3>
          <table>
            <tbody>
              {keys.map(([k, what]) => (
                <tr key={k}>
                  <td>
                    <kbd>{k}</kbd>
                  </td>
                  <td>{what}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <label>
            <input type="checkbox" checked={lettersOn.value} onChange={(e) => turnLetters(e.currentTarget.checked)} /> single letters and signs are keys
          </label>
        </section>
        <section>
          <h3>Search</h3>
          <table>
            <tbody>
              {examples.map(([q, what]) => (
                <tr key={q}>
                  <td>
                    <code>{q}</code>
                  </td>
                  <td>{what}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
      <p class="dim small">
        netelf {visible(about.value?.version ?? "")}, Apache-2.0. This page has parts of others: <a href="/licenses.txt">their licences</a>.
      </p>
    </dialog>
  );
}
