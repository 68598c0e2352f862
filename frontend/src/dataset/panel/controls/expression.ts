/** Help while an expression is written: what could stand at the caret, and the function that it stands in. */
export interface ExpressionFunction {
  usage: string;
  summary: string;
}
export interface Completion {
  text: string;
  kind: "column" | "function";
  help: string;
}

/** What stands in a whole column is learnt once; these are no functions of one row. */
export const WHOLE_COLUMN: ExpressionFunction[] = ["AVG", "MEDIAN", "MIN", "MAX", "SUM", "STDDEV", "COUNT"].map(
  (name) => ({
    usage: `${name}(column)`,
    summary: "one value of the whole column, the same in every row",
  }),
);

const nameOf = (each: ExpressionFunction) => each.usage.split("(")[0]!;

/** A column's name as an expression spells it. */
export const spelled = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** What is being written just before the caret. */
export function wordBefore(text: string, caret: number): { from: number; word: string } | undefined {
  const before = text.slice(0, caret);
  // In an odd number of single quotes the caret stands in text.
  if ((before.match(/'/g)?.length ?? 0) % 2 === 1) return undefined;
  const quotes = before.match(/"/g)?.length ?? 0;
  const found = quotes % 2 === 1 ? /"[^"]*$/.exec(before) : /[A-Za-z_][\w]*$/.exec(before);
  return found ? { from: found.index, word: found[0] } : undefined;
}

export function completions(
  text: string,
  caret: number,
  columns: string[],
  functions: ExpressionFunction[],
): Completion[] {
  const at = wordBefore(text, caret);
  if (!at) return [];
  const isQuoted = at.word.startsWith('"');
  const wanted = at.word.replace(/^"/, "").toLowerCase();
  const rank = (name: string) =>
    name.toLowerCase().startsWith(wanted) ? 0 : name.toLowerCase().includes(wanted) ? 1 : 2;
  const fits = (name: string) => rank(name) < (wanted.length > 1 || isQuoted ? 2 : 1);
  const found: Completion[] = columns
    .filter(fits)
    .sort((one, other) => rank(one) - rank(other))
    .map((name) => ({ text: spelled(name), kind: "column", help: "column" }));
  if (!isQuoted) {
    const named = functions.filter((each) => nameOf(each).toLowerCase().startsWith(wanted));
    found.push(
      ...named.map(
        (each): Completion => ({ text: `${nameOf(each)}(`, kind: "function", help: `${each.usage}: ${each.summary}` }),
      ),
    );
  }
  // What is written out already needs no help.
  return found.filter((each) => each.text.toLowerCase() !== at.word.toLowerCase()).slice(0, 8);
}

/** The text with a completion in place of what was begun, and where the caret goes. */
export function complete(text: string, caret: number, chosen: Completion): { text: string; caret: number } {
  const from = wordBefore(text, caret)?.from ?? caret;
  // A quoted name that is already closed behind the caret is not closed twice.
  const rest = chosen.text.endsWith('"') && text[caret] === '"' ? text.slice(caret + 1) : text.slice(caret);
  return { text: text.slice(0, from) + chosen.text + rest, caret: from + chosen.text.length };
}

/** The function whose parentheses the caret stands in. */
export function functionAround(
  text: string,
  caret: number,
  functions: ExpressionFunction[],
): ExpressionFunction | undefined {
  let depth = 0;
  for (let at = caret - 1; at >= 0; at--) {
    if (text[at] === ")") depth += 1;
    else if (text[at] === "(") {
      if (depth > 0) depth -= 1;
      else {
        const name = /[A-Za-z_]\w*$/.exec(text.slice(0, at))?.[0].toUpperCase();
        const found = functions.find((each) => nameOf(each) === name);
        if (found) return found;
      }
    }
  }
  return undefined;
}
