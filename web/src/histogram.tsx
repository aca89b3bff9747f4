// How many events there were when, stacked by level: a picture, its text for those
// who do not see it, and the way to a part of the time.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Histogram } from "./api.ts";
import { levels } from "./level.ts";
import { count } from "./text.ts";
import { at, zone } from "./time.ts";
import { theme } from "./state.ts";

// From the bottom: what matters most stands on the axis.
const order = [1, 2, 3, 4, 5, 0];

/** stacked is what uPlot draws: each level on top of those before it. */
export function stacked(h: Histogram): uPlot.AlignedData {
  const start = Date.parse(h.since) / 1000;
  const x = h.counts.map((_, i) => start + ((i + 0.5) * h.step_ms) / 1000);
  const sums = h.counts.map(() => 0);
  const series = order.map((level) =>
    h.counts.map((slot, i) => {
      sums[i] = sums[i]! + (slot[level] ?? 0);
      return sums[i]!;
    }),
  );
  return [x, ...series.reverse()] as uPlot.AlignedData; // the tallest is drawn first
}

/** told is the histogram as a sentence. */
export function told(h: Histogram): string {
  const sums = [0, 0, 0, 0, 0, 0];
  let most = 0;
  let when = 0;
  h.counts.forEach((slot, i) => {
    let n = 0;
    slot.forEach((c, level) => {
      sums[level] = (sums[level] ?? 0) + c;
      n += c;
    });
    if (n > most) [most, when] = [n, i];
  });
  const parts = order.filter((l) => sums[l]).map((l) => `${count(sums[l]!)} ${levels[l]!.word}`);
  if (!parts.length) return "no events";
  return `${parts.join(", ")}; most, ${count(most)}, at ${at(Date.parse(h.since) + when * h.step_ms)}`;
}

/** colour is that of a variable as a canvas takes it: for the theme that is worn. */
function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const c = getComputedStyle(probe).color;
  probe.remove();
  return c;
}

const variables = ["--always", "--critical", "--error", "--warning", "--information", "--verbose"];

export function HistogramView(props: { histogram: Histogram | null; zoom: (since: string, until: string) => void }) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const h = props.histogram;
  const z = zone.value;
  const worn = theme.value;

  useEffect(() => {
    const box = element.current!;
    const bars = uPlot.paths.bars!({ size: [0.92, 60, 1] });
    const made = new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height: 108,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
        tzDate: (s) => (z === "local" ? new Date(s * 1000) : uPlot.tzDate(new Date(s * 1000), z === "utc" ? "UTC" : z)),
        scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max)] } },
        axes: [
          { stroke: colour("--dim"), grid: { show: false }, ticks: { stroke: colour("--line") } },
          { stroke: colour("--dim"), size: 44, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7] },
        ],
        series: [{}, ...[...order].reverse().map((l) => ({ label: levels[l]!.word, fill: colour(variables[l]!), stroke: "transparent", width: 0, paths: bars, points: { show: false } }))],
        hooks: {
          setSelect: [
            (u) => {
              const { left, width } = u.select;
              if (width > 3) {
                const since = new Date(u.posToVal(left, "x") * 1000).toISOString();
                const until = new Date(u.posToVal(left + width, "x") * 1000).toISOString();
                latest.current.zoom(since, until);
              }
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[], [], [], [], [], [], []],
      box,
    );
    plot.current = made;
    const now = latest.current.histogram;
    if (now) made.setData(stacked(now));
    const watch = new ResizeObserver(() => made.setSize({ width: Math.max(200, box.clientWidth), height: 108 }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [z, worn]);

  useEffect(() => {
    if (h) plot.current?.setData(stacked(h));
  }, [h]);

  // By key: a half to the left or right, nearer, or further away.
  const onKey = (e: KeyboardEvent) => {
    if (!h) return;
    const since = Date.parse(h.since);
    const span = h.counts.length * h.step_ms;
    const to = (from: number, long: number) => {
      e.preventDefault();
      props.zoom(new Date(from).toISOString(), new Date(from + long).toISOString());
    };
    if (e.key === "ArrowLeft") to(since - span / 2, span);
    else if (e.key === "ArrowRight") to(since + span / 2, span);
    else if (e.key === "+") to(since + span / 4, span / 2);
    else if (e.key === "-") to(since - span / 2, span * 2);
  };

  return (
    <section class="histogram" aria-label="Events by time">
      <div ref={element} class="plot" tabIndex={0} role="img" onKeyDown={onKey} aria-label={h ? told(h) : "counting"} />
      <p class="histogram-note">{h && !h.done ? "counting…" : ""}</p>
    </section>
  );
}
