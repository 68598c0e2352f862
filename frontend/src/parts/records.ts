/** Records that came as JSON: which columns they have, and how their values are written. */

export interface RecordColumn {
  name: string;
  /** Whether all values that are there are numbers. */
  isNumeric: boolean;
}

/** The fields of all records in the order they appear, those of `first` before the others. */
export function columnsOf(records: Record<string, unknown>[], first: string[] = []): RecordColumn[] {
  const names = new Set<string>();
  for (const record of records) for (const name of Object.keys(record)) names.add(name);
  const ordered = [...first.filter((name) => names.has(name)), ...[...names].filter((name) => !first.includes(name))];
  return ordered.map((name) => {
    const values = records.map((record) => record[name]).filter((value) => value !== null && value !== undefined);
    return { name, isNumeric: values.length > 0 && values.every((value) => typeof value === "number") };
  });
}

/** A value in a cell: text as it is, all else as JSON. */
export const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The records of a document that is a table: an array of objects, or an object of arrays of one length; else nothing. */
export function recordsOf(document: unknown): Record<string, unknown>[] | undefined {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (Array.isArray(document)) return document.length > 0 && document.every(isObject) ? document : undefined;
  if (!isObject(document)) return undefined;
  const columns = Object.entries(document);
  const length = Array.isArray(columns[0]?.[1]) ? columns[0][1].length : 0;
  if (length === 0 || !columns.every(([, values]) => Array.isArray(values) && values.length === length))
    return undefined;
  return Array.from({ length }, (_, at) =>
    Object.fromEntries(columns.map(([name, values]) => [name, (values as unknown[])[at]])),
  );
}
