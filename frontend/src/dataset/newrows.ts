/** Rows that a person types or pastes, in the table's columns. */
import { counted } from "../parts/format";
import { guessDelimiter, parse } from "../parts/pasted";

const MOST = 10_000;

export function readRows(text: string, columns: string[]): { rows: unknown[] } | { problem: string } {
  if (/^\s*\[/.test(text)) return fromJson(text);
  const delimiter = text.includes("\t") ? "\t" : guessDelimiter(text);
  const records = parse(text.replace(/\s+$/, ""), delimiter, MOST + 2).filter((record) =>
    record.some((value) => value.trim() !== ""),
  );
  const header = records[0]?.map((name) => name.trim()) ?? [];
  // A first line of nothing but columns' names says where the values go.
  const isNamed = records.length > 1 && header.every((name) => columns.includes(name));
  const names = isNamed ? header : columns;
  const values = isNamed ? records.slice(1) : records;
  if (values.length === 0) return { problem: "Type or paste a row" };
  if (values.length > MOST) return { problem: "At most 10,000 rows at once; append a file instead" };
  const wide = values.findIndex((record) => record.length > names.length);
  if (wide >= 0)
    return {
      problem: `Line ${wide + 1 + (isNamed ? 1 : 0)} has ${counted(values[wide]!.length, "value")} for ${counted(names.length, "column")}`,
    };
  return {
    rows: values.map((record) =>
      Object.fromEntries(record.flatMap((value, at) => (value === "" ? [] : [[names[at]!, value]]))),
    ),
  };
}

function fromJson(text: string): { rows: unknown[] } | { problem: string } {
  try {
    const rows: unknown = JSON.parse(text);
    return Array.isArray(rows) && rows.length > 0 ? { rows } : { problem: "Type or paste a row" };
  } catch {
    return { problem: "This begins like JSON but is not whole" };
  }
}
