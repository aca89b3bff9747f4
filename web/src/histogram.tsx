// How many events there were when, stacked by level: a picture, its text for those
// who do not see it, and the way to a part of the time.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Histogram } from "./api.ts";
import { levels } from "./level.ts";
import { count } from "./text.ts";
import { at, zone } from "./time.ts";
import { dark } from "./state.ts";

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

/** said is a slot, or several, as words; "" where there is nothing. */
function said(sums: number[]): string {
  return order.filter((l) => sums[l]).map((l) => `${count(sums[l]!)} ${levels[l]!.word}`).join(", ");
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
  if (!most) return "no events";
  return `${said(sums)}; most, ${count(most)}, at ${at(Date.parse(h.since) + when * h.step_ms)}`;
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

const height = 118;

// How the axis writes times: year, day, and the time of day by 24 hours.
const [day, minute, second] = [86400, 60, 1];
const times: uPlot.Axis.Values = [
  [365 * day, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * day, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [day, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [minute, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [second, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [0.001, "{HH}:{mm}:{ss}.{fff}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

type Zoom = (since: string, until: string) => void;

// draw makes the picture; zoom is told what was drawn over it, over what stands under the mouse.
function draw(box: HTMLElement, z: string, zoom: Zoom, over: (index: number | null) => void): uPlot {
  const bars = uPlot.paths.bars!({ size: [0.92, 60, 1] });
  const axis = { stroke: colour("--dim"), font: "12px system-ui, sans-serif" };
  const level = (l: number): uPlot.Series => ({ label: levels[l]!.word, fill: colour(variables[l]!), stroke: "transparent", width: 0, paths: bars, points: { show: false } });
  return new uPlot(
    {
      width: Math.max(200, box.clientWidth),
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
      tzDate: (s) => (z === "local" ? new Date(s * 1000) : uPlot.tzDate(new Date(s * 1000), z === "utc" ? "UTC" : z)),
      scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max)] } },
      axes: [
        { ...axis, grid: { show: false }, ticks: { stroke: colour("--line"), size: 4 }, values: times, size: 40 },
        { ...axis, size: 52, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, space: 24, values: (_u, all) => all.map((n) => (Number.isInteger(n) ? count(n) : "")) },
      ],
      series: [{}, ...[...order].reverse().map(level)],
      hooks: {
        setCursor: [(u) => over(u.cursor.idx ?? null)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width > 3) zoom(new Date(u.posToVal(left, "x") * 1000).toISOString(), new Date(u.posToVal(left + width, "x") * 1000).toISOString());
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    [[], [], [], [], [], [], []],
    box,
  );
}

/** zoomed is the time that a key goes to, from one that begins at since and lasts span; null: nowhere. */
export function zoomed(key: string, since: number, span: number): [from: number, to: number] | null {
  const to: Record<string, [number, number]> = {
    ArrowLeft: [since - span / 2, span], ArrowRight: [since + span / 2, span], "+": [since + span / 4, span / 2], "-": [since - span / 2, span * 2],
  };
  const [from, long] = to[key] ?? [0, 0];
  return long < 1000 || from < 0 || from + long > 253402300799999 ? null : [Math.round(from), Math.round(from + long)]; // a second to the year 9999
}

export function HistogramView(props: { histogram: Histogram | null; zoom: Zoom }) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [over, setOver] = useState<number | null>(null);
  const h = props.histogram;
  const z = zone.value;
  const worn = dark.value;

  useEffect(() => {
    const box = element.current!;
    const made = draw(box, z, (s, u) => latest.current.zoom(s, u), setOver);
    plot.current = made;
    const now = latest.current.histogram;
    if (now) made.setData(stacked(now));
    const watch = new ResizeObserver(() => made.setSize({ width: Math.max(200, box.clientWidth), height }));
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

  const onKey = (e: KeyboardEvent) => {
    if (!h || e.ctrlKey || e.metaKey || e.altKey) return;
    const to = zoomed(e.key, Date.parse(h.since), h.counts.length * h.step_ms);
    if (!to) return;
    e.preventDefault();
    props.zoom(new Date(to[0]).toISOString(), new Date(to[1]).toISOString());
  };

  const slot = over === null ? undefined : h?.counts[over];
  return (
    <section class="histogram" aria-label="Events by time">
      <div ref={element} class="plot" tabIndex={0} role="group" aria-roledescription="picture of times" onKeyDown={onKey} aria-label={h ? told(h) : "counting"} />
      <p class="histogram-note">
        {h && slot ? `${at(Date.parse(h.since) + over! * h.step_ms)}: ${said(slot) || "nothing"}` : h && !h.done ? "counting…" : ""}
      </p>
    </section>
  );
}
