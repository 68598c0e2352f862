/** Texts of several lines in the fields of a browser, which know one kind of line end. */

export const hasLines = (text: unknown): text is string => typeof text === "string" && /[\r\n]/.test(text);

/**
 * What was typed in place of a text, with that text's line ends: a browser makes every one of them `\n`.
 * Lines that stand as they stood keep theirs; new ones get that of the line before, or the first one.
 */
export function withLineEnds(before: string, typed: string): string {
  const old = split(before);
  const lines = typed.split("\n");
  let first = 0;
  while (first < lines.length - 1 && first < old.length - 1 && lines[first] === old[first]!.text) first++;
  let last = 0;
  while (
    last < lines.length - 1 - first &&
    last < old.length - 1 - first &&
    lines[lines.length - 1 - last] === old[old.length - 1 - last]!.text
  )
    last++;
  const usual = old[0]?.end || "\n";
  const endOf = (at: number): string => {
    if (at < first) return old[at]!.end;
    const fromEnd = lines.length - 1 - at;
    // The line before those that stand as they stood ends as the one did that stood there.
    if (fromEnd <= last) return old[old.length - 1 - fromEnd]?.end || usual;
    return old[Math.min(first, old.length - 2)]?.end || usual;
  };
  return lines.map((line, at) => (at === lines.length - 1 ? line : line + endOf(at))).join("");
}

function split(text: string): { text: string; end: string }[] {
  const found = text.split(/(\r\n|\r|\n)/);
  return found.flatMap((part, at) => (at % 2 === 0 ? [{ text: part, end: found[at + 1] ?? "" }] : []));
}
