/** Items of lists: what people type and what it becomes. */
export type Item = Record<string, unknown> & { id: number };

/** A typed text as a value: what was text stays text; else JSON where it is some, else text. */
export function typedValue(text: string, before?: unknown): unknown {
  if (typeof before === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value as it stands in an editor. */
export const editable = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** What has to be merged into an item so that the field is what was typed; nothing when it is already. */
export function change(item: Item, field: string, text: string): Record<string, unknown> | undefined {
  const before = item[field];
  if (text === editable(before)) return undefined;
  // A field that held no text and is emptied goes.
  if (text === "" && typeof before !== "string") return { [field]: null };
  return { [field]: typedValue(text, before) };
}

/** The item that filled fields make; those left empty are left out. */
export function filled(fields: [string, string][]): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .map(([name, text]) => [name.trim(), text] as const)
      .filter(([name, text]) => name !== "" && text !== "")
      .map(([name, text]) => [name, typedValue(text)]),
  );
}

/** Items that are written as JSON: an object, or several in an array. Throws an Error with a sentence. */
export function itemsOf(text: string): Record<string, unknown>[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON yet: ${(error as Error).message}`);
  }
  const items = Array.isArray(value) ? value : [value];
  if (!items.every((item) => typeof item === "object" && item !== null && !Array.isArray(item)))
    throw new Error('An item is an object, such as {"title": "Alien"}; several stand in an array.');
  if (items.length === 0) throw new Error("There is no item in it.");
  return items as Record<string, unknown>[];
}

/** What stands in the way of JSON; nothing when it is some. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What stands in the way of a list's name. */
export function listNameProblem(name: string): string | undefined {
  if (name.includes("/") || name === "." || name === "..") return "A list’s name has no slash, and is not only dots.";
  return name.length > 200 ? "A list’s name has at most 200 letters." : undefined;
}

/** Things that are done in a while unless somebody takes them back, or at once when the page goes. */
export class Later {
  private waiting = new Map<number, { run: (isLast: boolean) => void; timer: ReturnType<typeof setTimeout> }>();
  private counter = 0;

  /** Do `run` after so many seconds; gives what takes it back. */
  in(seconds: number, run: (isLast: boolean) => void): () => void {
    const id = ++this.counter;
    const timer = setTimeout(() => this.now(id, false), seconds * 1000);
    this.waiting.set(id, { run, timer });
    return () => {
      clearTimeout(timer);
      this.waiting.delete(id);
    };
  }

  /** Do everything that waits. */
  flush(): void {
    for (const id of [...this.waiting.keys()]) this.now(id, true);
  }

  private now(id: number, isLast: boolean): void {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    if (found) clearTimeout(found.timer);
    found?.run(isLast);
  }
}
