/** The entries of a facet of values: what is counted, and what is chosen although it is not among the most frequent. */
import { isAmong, type Value, type ValuesFacet } from "./conditions";

export interface Entry {
  /** null for the rows without a value. */
  value: Value | null;
  /** Unknown for a chosen value that is not among those counted. */
  rows?: number;
  isChosen: boolean;
}
export type EntryOrder = "rows" | "name";

export function entriesOf(
  facet: ValuesFacet,
  frequencies: [unknown, number][],
  missing: number,
  search: string,
  order: EntryOrder,
): Entry[] {
  const entry = (value: Value | null, rows?: number): Entry => ({ value, rows, isChosen: isAmong(facet, value) });
  const found = frequencies.map(([value, rows]) => entry(value as Value, rows));
  const counted = new Set(found.map((each) => each.value));
  const extra = facet.values
    .filter((value) => !counted.has(value))
    .map((value) => entry(value, search === "" ? 0 : undefined));
  const sought = search.toLowerCase();
  const fitting = [...extra, ...found].filter(
    (each) => search === "" || String(each.value).toLowerCase().includes(sought),
  );
  if (order === "name")
    fitting.sort((one, other) =>
      String(one.value).localeCompare(String(other.value), undefined, { numeric: true, sensitivity: "base" }),
    );
  return missing > 0 || facet.missing ? [...fitting, entry(null, missing)] : fitting;
}

/** What a value is called in a list. */
export function valueWords(value: Value | null): string {
  if (value === null) return "missing";
  if (value === "") return "empty text";
  return typeof value === "boolean" ? (value ? "yes" : "no") : value;
}
