// A level has a word and a shape besides its colour.

interface Look {
  word: string;
  shape: string; // a character that no font draws in colours
}

/** levels is how each level looks, by its number. */
export const levels: readonly Look[] = [
  { word: "log always", shape: "○" },
  { word: "critical", shape: "◆" },
  { word: "error", shape: "✖" },
  { word: "warning", shape: "▲" },
  { word: "information", shape: "●" },
  { word: "verbose", shape: "·" },
];

const byWord = new Map(levels.map((l, i) => [l.word, i]));

/** levelOf is the number of a level that the API gives by its word or its number. */
export function levelOf(level: string | number): number {
  return typeof level === "number" ? level : (byWord.get(level) ?? 0);
}

/** isAudit says whether an event is an audit: these have no level of their own. */
export function isAudit(e: { type: string | number }): boolean {
  return e.type === "audit failure" || e.type === "audit success";
}

/** kind is what stands in the column of levels. */
export function kind(e: { type: string | number; level: string | number }): { word: string; shape: string; name: string } {
  if (e.type === "audit failure") return { word: "audit failure", shape: "⊘", name: "failure" };
  if (e.type === "audit success") return { word: "audit success", shape: "✓", name: "success" };
  const n = levelOf(e.level);
  const look = levels[n];
  return look ? { ...look, name: look.word.split(" ").at(-1)! } : { word: `level ${n}`, shape: "?", name: "always" };
}
