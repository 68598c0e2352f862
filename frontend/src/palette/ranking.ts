/** Finding things by a few letters: how well each fits, and the best first. */

export interface Found<T> {
  item: T;
  score: number;
  /** Places in the first text where letters of the query stand. */
  marks: number[];
}

const isStart = (text: string, at: number) =>
  at === 0 || /[\s_\-./(]/.test(text[at - 1]!) || (/[a-z]/.test(text[at - 1]!) && /[A-Z]/.test(text[at]!));

/** Where a word's letters stand in a text, in this order; preferring whole runs, then starts of words. */
function place(word: string, text: string): { score: number; marks: number[] } | undefined {
  const low = text.toLowerCase();
  let best: { score: number; marks: number[] } | undefined;
  for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + 1)) {
    const score = 60 + (at === 0 ? 30 : isStart(text, at) ? 20 : 0) + (word.length === low.length ? 20 : 0);
    if (!best || score > best.score)
      best = { score, marks: Array.from({ length: word.length }, (_, index) => at + index) };
  }
  return best ?? scattered(word, text, low);
}

/** Letters apart from each other: only worth something when most of them begin words or stand together. */
function scattered(word: string, text: string, low: string): { score: number; marks: number[] } | undefined {
  const marks: number[] = [];
  let good = 0;
  let from = 0;
  for (const letter of word) {
    let at = low.indexOf(letter, from);
    if (at < 0) return undefined;
    // A letter that begins a word is what people mean by it.
    for (let next = at; next >= 0; next = low.indexOf(letter, next + 1))
      if (isStart(text, next)) {
        if (next === from || marks.length === 0 || !isRunning(marks, at)) at = next;
        break;
      }
    if (isStart(text, at) || isRunning(marks, at)) good += 1;
    marks.push(at);
    from = at + 1;
  }
  return good * 2 > word.length ? { score: 20 + (20 * good) / word.length, marks } : undefined;
}

const isRunning = (marks: number[], at: number) => marks.at(-1) === at - 1;

/** How well a query fits texts, the first of which counts most; every word of it has to be somewhere. */
export function match(query: string, texts: string[]): Omit<Found<never>, "item"> | undefined {
  const marks: number[] = [];
  let score = 0;
  for (const word of query.trim().toLowerCase().split(/\s+/)) {
    const first = place(word, texts[0] ?? "");
    // Letters apart from each other are looked for in the first text only: in long ones they are always there.
    const others = texts.slice(1).map((text, at) => {
      const found = place(word, text);
      return found && found.score >= 60 ? found.score / (at + 2) : 0;
    });
    const best = Math.max(first?.score ?? 0, ...others);
    if (best === 0) return undefined;
    if (first && first.score >= best) marks.push(...first.marks);
    score += best;
  }
  return { score, marks };
}

/** Those that fit, the best first; equally good ones stay in their order. */
export function rank<T>(query: string, items: T[], texts: (item: T) => string[]): Found<T>[] {
  if (query.trim() === "") return items.map((item) => ({ item, score: 0, marks: [] }));
  return items
    .flatMap((item) => {
      const found = match(query, texts(item));
      return found ? [{ item, ...found }] : [];
    })
    .sort((one, other) => other.score - one.score);
}
