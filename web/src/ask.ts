// The query in the search box, seen as words: what a click on a value adds to it,
// and the parts that are shown as chips. What a query means is the server's to say
// (docs/query.md); here it is only cut where its parts stand side by side.

/** isSmall says whether a query is of the small language, which has words to add to. */
export function isSmall(q: string): boolean {
  const t = q.trimStart();
  return !t.startsWith("<") && !t.startsWith("*[") && !t.startsWith("*/") && t.trimEnd() !== "*" && !/^Event\s*[[/]/.test(t);
}

/** tokens are a query cut at its blanks, outside of quotation marks and parentheses. */
function tokens(q: string): string[] {
  const all: string[] = [];
  let depth = 0;
  let quoted = false;
  let token = "";
  for (const c of q) {
    if (c === '"') quoted = !quoted; // "" in a quoted text closes and opens it again
    else if (!quoted && c === "(") depth++;
    else if (!quoted && c === ")") depth--;
    if (/\s/.test(c) && !quoted && depth <= 0) {
      if (token) all.push(token);
      token = "";
    } else token += c;
  }
  if (token) all.push(token);
  return all;
}

const is = (token: string, word: string) => token.toLowerCase() === word;

/**
 * words are the parts of a query that must all hold: each can be taken away alone.
 * A query with "or" at its top is one part.
 */
export function words(q: string): string[] {
  const all = tokens(q);
  if (all.some((t) => is(t, "or"))) return [q.trim()];
  const parts: string[] = [];
  let not = "";
  for (const t of all) {
    if (is(t, "not")) not += t + " ";
    else if (!is(t, "and")) {
      parts.push(not + t);
      not = "";
    }
  }
  if (not) parts.push(not.trimEnd());
  return parts;
}

/** quote writes a value so that the small language takes it as it is. */
export function quote(value: string): string {
  return /^[\p{L}\p{N}_.\-\\/@$%{}+]+$/u.test(value) && !value.includes("..") ? value : '"' + value.replaceAll('"', '""') + '"';
}

/** dataField is the field of the string that has a name. */
export function dataField(name: string): string {
  return "data." + (/^[\p{L}\p{N}_-]+$/u.test(name) ? name : '"' + name.replaceAll('"', '""') + '"');
}

/** term is field:value. */
export function term(field: string, value: string): string {
  const named = field === "type" || field === "level"; // whose names are one word each
  return `${field}:${quote(named ? value.replaceAll(" ", "-") : value)}`;
}

/** including makes a query of q that asks for a value too. */
export function including(q: string, field: string, value: string): string {
  const t = term(field, value);
  return [...others(q, t), t].join(" ");
}

/** excluding makes a query of q that leaves a value out. */
export function excluding(q: string, field: string, value: string): string {
  const t = term(field, value);
  return [...others(q, t), "-" + t].join(" ");
}

/** without is q without one of its words. */
export function without(q: string, index: number): string {
  return words(q).filter((_, i) => i !== index).join(" ");
}

// others are the words of q that say nothing of a term.
function others(q: string, t: string): string[] {
  const all = words(q).filter((w) => w !== t && w !== "-" + t);
  if (all.length === 1 && tokens(all[0]!).some((x) => is(x, "or"))) return [`(${all[0]})`];
  return all;
}
