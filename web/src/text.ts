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

/** tail is a path by its last two parts, where it is a long one: what stands before them most have in common. */
export function tail(path: string): string {
  const parts = path.split(/[/\\]/);
  return path.length > 20 && parts.length > 2 && /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path) ? "…/" + parts.slice(-2).join("/") : path;
}

const deepest = 40; // levels that are indented

/** indented is XML with a line for each element, and one for an element that has a text alone. What is none stays as it is. */
export function indented(xml: string): string {
  const lines: string[] = [];
  let depth = 0;
  let begun = false; // the last line is the beginning of an element, and perhaps its text
  const put = (part: string, behind: boolean) => {
    if (behind) lines[lines.length - 1] += part;
    else lines.push("  ".repeat(Math.min(depth, deepest)) + part);
  };
  for (const part of xml.match(/<(?:[^<>"']|"[^"]*"|'[^']*')+>|<|[^<]+/g) ?? []) {
    if (!part.startsWith("<") || part.length === 1) {
      if (part.trim()) put(part, begun);
    } else if (part.startsWith("</")) {
      depth = Math.max(0, depth - 1);
      put(part, begun);
      begun = false;
    } else {
      put(part, false);
      begun = !part.endsWith("/>") && !/^<[?!]/.test(part);
      if (begun) depth++;
    }
  }
  return lines.join("\n");
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
