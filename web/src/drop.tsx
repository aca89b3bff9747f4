// Event log files that are dropped on the page, or chosen: the server reads them, and
// the page opens their events.
import { useEffect, useState } from "preact/hooks";
import { call, query, why } from "./api.ts";
import { say } from "./state.ts";
import { visible } from "./text.ts";
import { go } from "./view.ts";

/** open sends files to the server, one after the other, and looks at them together. */
async function open(files: File[]): Promise<void> {
  const opened: string[] = [];
  for (const f of files) {
    say(`${visible(f.name)} is read…`);
    try {
      const s = await call<{ server: string }>("POST", "/v1/files" + query({ name: f.name }), f);
      opened.push(s.server);
    } catch (e) {
      say(`${visible(f.name)}: ${why(e)}`);
    }
  }
  if (!opened.length) return;
  say("");
  go({ page: "events", servers: opened, logs: ["all"], q: "", since: "", until: "", key: "", one: null });
}

/** OpenFiles is the button that does the same. */
export function OpenFiles() {
  return (
    <label class="button">
      Open file…
      <input
        type="file"
        class="visually-hidden"
        accept=".evt,.evtx"
        multiple
        onChange={(e) => {
          const input = e.currentTarget;
          void open([...(input.files ?? [])]);
          input.value = ""; // the same file may be chosen again
        }}
      />
    </label>
  );
}

const hasFiles = (e: DragEvent) => e.dataTransfer?.types.includes("Files") ?? false;

/** DropTarget is the whole page, while files are dragged over it. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault(); // or the browser would go away to show the file
      setOver(true);
    };
    const leave = (e: DragEvent) => {
      if (!e.relatedTarget) setOver(false); // out of the window
    };
    const drop = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(false);
      void open([...e.dataTransfer!.files]);
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return over ? <p class="drop-here">Drop .evt and .evtx files to look at their events.</p> : null;
}
