// One event at an address of its own.
import { useEffect, useState } from "preact/hooks";
import { get, Problem, type Single } from "./api.ts";
import { address, Detail } from "./detail.tsx";
import { command } from "./keys.ts";
import { visible } from "./text.ts";
import { go, view } from "./view.ts";

export function One() {
  const one = view.value.one;
  const [single, setSingle] = useState<Single | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!one) return;
    const over = new AbortController();
    setSingle(null);
    setProblem("");
    get<Single>(address(one.server, one.log, one.record, one.time), over.signal).then(setSingle, (e: unknown) => {
      if (!over.signal.aborted) setProblem(e instanceof Problem ? e.message : String(e));
    });
    return () => over.abort();
  }, [one?.server, one?.log, one?.record, one?.time]);
  if (!one) return <main>There is no event at this address.</main>;
  const row = single && { rank: 0, key: `${one.server}/${one.log}/${one.record}`, server: one.server, log: one.log, event: single.event };
  const step = (by: number) => {
    const record = by > 0 ? single?.previous : single?.next;
    if (record) go({ one: { ...one, record, time: "" } });
  };
  command.value = { row: () => row ?? undefined, step, close: () => go({ page: "events", one: null }), open: () => undefined };
  return (
    <main class="one">
      {problem ? (
        <p class="error" role="alert">
          {visible(problem)}
        </p>
      ) : null}
      {row ? <Detail row={row} step={step} alone /> : problem ? null : <p class="dim">asking…</p>}
    </main>
  );
}
