/** Cells as the clipboard carries them between programs: tabs between cells, lines between rows, exact values. */

/** A value as it is exactly; missing is empty. */
export function exact(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const quoted = (text: string) => (/["\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const toTsv = (rows: unknown[][]): string =>
  rows.map((row) => row.map((value) => quoted(exact(value))).join("\t")).join("\n");

/** The one value that was copied elsewhere, or nothing when it was several. */
export function oneValue(text: string): string | undefined {
  const ended = text.replace(/\r?\n$/, "");
  const inQuotes = /^"((?:[^"]|"")*)"$/.exec(ended)?.[1];
  if (inQuotes !== undefined && /["\t\r\n]/.test(inQuotes)) return inQuotes.replaceAll('""', '"');
  return /[\t\r\n]/.test(ended) ? undefined : ended;
}
