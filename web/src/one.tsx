// One event at an address of its own.
import { useEffect, useState } from "preact/hooks";
import { get, why, type Row, type Single } from "./api.ts";
import { address, around, Detail, focusDetail } from "./detail.tsx";
import { useCommand } from "./keys.ts";
import { called } from "./state.ts";
import { visible } from "./text.ts";
import { go, view } from "./view.ts";

export function One() {
  const { one } = view.value;
  const where = one ? address(one) : "";
  const [had, setHad] = useState<{ where: string; single: Single } | null>(null);
  const [problem, setProblem] = useState("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    setProblem("");
    if (!where) return;
    const over = new AbortController();
    get<Single>(where, over.signal).then(
      (single) => setHad({ where, single }),
      (e: unknown) => over.signal.aborted || setProblem(why(e)),
    );
    return () => over.abort();
  }, [where, tries]);
  const single = had?.where === where ? had.single : null;
  const row: Row | null = one && single && { rank: 0, key: where, server: one.server, log: one.log, event: single.event };
  const step = (by: number) => {
    const record = by > 0 ? single?.previous : single?.next;
    if (one && record) go({ one: { ...one, record, time: "" } });
  };
  useCommand({ row: () => row ?? undefined, step, close: () => (row ? around(row, true) : go({ page: "events", one: null })), open: focusDetail });
  if (!one) return <main id="main" class="one">There is no event at this address.</main>;
  return (
    <main id="main" class="one">
      <h1 class="visually-hidden">Event</h1>
      {problem ? (
        <>
          <h2>
            Record {one.record} of {visible(one.log)}, {visible(called(one.server))}
          </h2>
          <p class="error" role="alert">
            {visible(problem)}
          </p>
          <p class="buttons">
            <button onClick={() => setTries(tries + 1)}>Ask again</button>
            <button onClick={() => go({ page: "events", one: null, key: "", q: "", servers: [one.server], logs: [one.log] })}>Events of this log</button>
          </p>
        </>
      ) : row ? (
        <Detail row={row} given={single!} step={step} alone />
      ) : (
        <p class="dim">asking…</p>
      )}
    </main>
  );
}
