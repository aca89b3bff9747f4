// What an event says is an attacker's. Everything of it that is shown goes through
// visible, and into text nodes alone.

// Characters that say nothing to a reader and change what stands beside them:
// controls other than tab and line ends, directions, joiners, fillers, tags.
const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

// name is a character as netelf writes it everywhere: \x1b, \u202e, \U000e0041.
function name(c: string): string {
  const hex = c.codePointAt(0)!.toString(16);
  if (hex.length <= 2) return "\\x" + hex.padStart(2, "0");
  return hex.length <= 4 ? "\\u" + hex.padStart(4, "0") : "\\U" + hex.padStart(8, "0");
}

/** visible is text with all that hides in it made visible. */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(hidden, name);
}

/** oneLine is visible text on one line, for a row of a table. */
export function oneLine(text: string): string {
  return visible(text.replace(/\s*[\r\n]+\s*/g, " · ").replaceAll("\t", " "));
}

/** count is a number as people read it. */
export function count(n: number): string {
  return n.toLocaleString("en-US").replaceAll(",", "\u202f");
}

/** size is a number of bytes as people read it. */
export function size(bytes: number): string {
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB", "TiB"]) {
    if (bytes < 1024) break;
    bytes /= 1024;
    unit = larger;
  }
  return `${bytes < 10 && unit !== "B" ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
}
