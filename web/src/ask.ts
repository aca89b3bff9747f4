// The query in the search box, seen as words: what a click on a value adds to it,
// and the parts that are shown as chips. What a query means is the server's to say.

/** isSmall says whether a query is of the small language, which has words to add to. */
export function isSmall(q: string): boolean {
  const t = q.trimStart();
  return !t.startsWith("<") && !t.startsWith("*") && !/^Event\s*[[/]/.test(t);
}

/** words are the parts of a query that stand side by side at its top. */
export function words(q: string): string[] {
  const all: string[] = [];
  let depth = 0;
  let quoted = false;
  let word = "";
  for (let i = 0; i < q.length; i++) {
    const c = q[i]!;
    if (quoted) {
      word += c;
      if (c === "\\" && i + 1 < q.length) word += q[++i]!;
      else if (c === '"') quoted = false;
      continue;
    }
    if (c === '"') quoted = true;
    else if (c === "(") depth++;
    else if (c === ")") depth--;
    if (/\s/.test(c) && depth <= 0) {
      if (word) all.push(word);
      word = "";
    } else word += c;
  }
  if (word) all.push(word);
  return all;
}

/** quote writes a value so that the small language takes it as it is. */
export function quote(value: string): string {
  return /^[\p{L}\p{N}_.:\/\\@{}$%+#-]+$/u.test(value) && !value.startsWith("-") && !/\.\.|[\\:]$/.test(value)
    ? value
    : '"' + value.replace(/[\\"]/g, "\\$&") + '"';
}

/** term is field:value. */
export function term(field: string, value: string): string {
  return `${field}:${quote(value)}`;
}

/** including, excluding, only and without make another query of one. */
export function including(q: string, field: string, value: string): string {
  const t = term(field, value);
  return join(words(q).filter((w) => w !== t && w !== "-" + t), t);
}

export function excluding(q: string, field: string, value: string): string {
  const t = "-" + term(field, value);
  return join(words(q).filter((w) => w !== t && "-" + w !== t), t);
}

export function only(field: string, value: string): string {
  return term(field, value);
}

export function without(q: string, index: number): string {
  return words(q).filter((_, i) => i !== index).join(" ");
}

function join(before: string[], last: string): string {
  return [...before, last].join(" ");
}
