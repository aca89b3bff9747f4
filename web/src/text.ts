// What an event says is an attacker's. Everything of it that is shown goes through
// visible, and into text nodes alone.

// Characters that say nothing to a reader and change what stands beside them:
// controls other than tab and line ends, directions, joiners, tags.
const hidden =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{e0000}-\u{e0fff}]/gu;

function name(c: string): string {
  const n = c.codePointAt(0)!;
  if (n < 0x20) return String.fromCharCode(0x2400 + n); // ␛ and its like
  if (n === 0x7f) return "␡";
  return `⟨U+${n.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** visible is text with all that hides in it made visible. */
export function visible(text: string): string {
  return text.replace(hidden, name);
}

/** oneLine is visible text on one line, for a row of a table. */
export function oneLine(text: string): string {
  return visible(text.replace(/\s*[\r\n]+\s*/g, " · ").replace(/\t/g, " "));
}

/** count is a number as people read it. */
export function count(n: number): string {
  return n.toLocaleString("en-US").replaceAll(",", "\u202f");
}

/** size is a number of bytes as people read it. */
export function size(bytes: number): string {
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (bytes < 1024 || unit === "GiB") return `${bytes < 10 && unit !== "B" ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
    bytes /= 1024;
  }
  return "";
}
