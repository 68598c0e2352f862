/** The first rows of a text file, read in the browser before the import, so that its options can be set by sight. */
export interface Sniffed {
  header: string[];
  rows: string[][];
  delimiter: string;
  encoding: string;
}
export interface SniffOptions {
  delimiter?: string;
  encoding?: string;
  initialSkip?: number;
  headerIncluded?: boolean;
}

const DELIMITERS = [",", ";", "\t", "|"];
const ROWS = 30;
export const SNIFFED_BYTES = 256 * 1024;

export function decode(data: Uint8Array, encoding?: string): { text: string; encoding: string } {
  if (encoding) return { text: new TextDecoder(encoding).decode(data), encoding };
  if (data[0] === 0xff && data[1] === 0xfe)
    return { text: new TextDecoder("utf-16le").decode(data), encoding: "utf-16" };
  if (data[0] === 0xfe && data[1] === 0xff)
    return { text: new TextDecoder("utf-16be").decode(data), encoding: "utf-16" };
  try {
    // `stream`: a piece of a file may end in the middle of a character.
    return {
      text: new TextDecoder("utf-8", { fatal: true }).decode(data, { stream: data.length >= SNIFFED_BYTES }),
      encoding: "utf-8",
    };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(data), encoding: "cp1252" };
  }
}

/** Records of delimited text; quotes as RFC 4180 has them. */
export function parse(text: string, delimiter: string, limit: number): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at <= text.length && records.length < limit; at++) {
    const char = text[at];
    if (quoted) {
      if (char === undefined) quoted = false;
      else if (char !== '"') field += char;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = false;
      if (char !== undefined) continue;
    }
    if (char === '"' && field === "") quoted = true;
    else if (char === delimiter) {
      record.push(field);
      field = "";
    } else if (char === "\n" || char === undefined) {
      if (char === undefined && field === "" && record.length === 0) break;
      record.push(field.replace(/\r$/, ""));
      field = "";
      if (record.length > 1 || record[0] !== "") records.push(record);
      record = [];
    } else field += char;
  }
  return records;
}

interface Cut {
  delimiter: string;
  /** The more, the more of the first lines have as many fields as the very first, and the more fields; 0 for one column. */
  worth: number;
  isEven: boolean;
  share: number;
  first: number;
  /** Whether the first and the second record have a number. */
  numbers: [boolean, boolean];
}

const isNumber = (field: string) => /^[+-]?(\d[\d.,]*|[.,]\d+)(e[+-]?\d+)?%?$/i.test(field.trim());

/** How a delimiter cuts the first lines. */
function cutBy(text: string, delimiter: string): Cut {
  const records = parse(text, delimiter, 12);
  const widths = records.map((record) => record.length);
  const first = widths[0] ?? 1;
  const alike = widths.filter((width) => width === first).length;
  return {
    delimiter,
    worth: first < 2 ? 0 : first * (alike / widths.length) ** 2,
    isEven: alike === widths.length,
    share: alike / (widths.length || 1),
    first,
    numbers: [records[0]?.some(isNumber) ?? false, records[1]?.some(isNumber) ?? false],
  };
}

/** How the delimiter cuts that makes the first lines the most alike, and the widest. */
const bestCut = (text: string) =>
  DELIMITERS.map((each) => cutBy(text, each)).reduce((best, each) => (each.worth > best.worth ? each : best));

/** The delimiter that cuts the first lines into the same number of fields, the most of them. */
export function guessDelimiter(text: string): string {
  return bestCut(text).delimiter;
}

const MOST_ABOVE = 15;

/** How many lines some records at the top take, with the blank lines among them and after them. */
function linesOf(lines: string[], records: number): number {
  let at = 0;
  for (let left = records; left > 0 || lines[at]?.trim() === ""; at++) if (lines[at]?.trim() !== "") left--;
  return at;
}

/**
 * How many records at the top are titles, filled up with empty fields to the table's width. A title fills one field;
 * names fill all and are no numbers, and in two columns a number must stand below them.
 */
function titlesAbove(records: string[][]): number {
  const filled = (record: string[]) => record.filter((field) => field.trim() !== "").length;
  const width = records[0]?.length ?? 0;
  if (width < 2 || filled(records[0]!) !== 1) return 0;
  for (const [index, record] of records.slice(0, MOST_ABOVE + 1).entries()) {
    const below = records[index + 1];
    if (record.length !== width || !below) return 0;
    if (filled(record) <= 1) continue;
    const isNames = filled(record) === width && !record.some(isNumber) && (width > 2 || below.some(isNumber));
    return isNames ? index : 0;
  }
  return 0;
}

/** How many lines stand above the table, such as a title and a date: as few as make the lines below even. */
export function guessSkip(data: Uint8Array): number {
  const { text } = decode(data.subarray(0, 20_000));
  const lines = text.split("\n");
  const titles = titlesAbove(parse(text, guessDelimiter(text), MOST_ABOVE + 2));
  if (titles > 0) return linesOf(lines, titles);
  const begin = (skip: number) => bestCut(lines.slice(skip, skip + 40).join("\n"));
  const first = begin(0);
  let best = first;
  let above = 0;
  for (let skip = 1; skip <= Math.min(MOST_ABOVE, lines.length - 3); skip++) {
    if (lines[skip]?.trim() === "") continue;
    const found = begin(skip);
    // What looks like a table from its first line on is one, unless another delimiter makes all that follows even: a
    // title may have a comma, and numbers below it too.
    // And too few names or too many are names.
    const [inFirst, inSecond] = found.numbers;
    const mayBeRow = inFirst || (!inSecond && first.first > 1);
    const isNamed = first.first !== found.first && mayBeRow;
    const tellsMore =
      (first.worth < 0.5 && !isNamed) || (found.isEven && found.delimiter !== first.delimiter && first.first > 1);
    if (found.worth <= best.worth) continue;
    if (tellsMore) {
      above = skip;
      best = found;
    } else if (found.share >= 0.8) break; // the table has begun: a line of words in it is no second header
  }
  return above;
}

/** Whether each record has one field more than the header and begins with a name of its own, as R writes tables. */
function hasRowNames([header, ...rows]: string[][]): boolean {
  if (!header || rows.length < 2 || rows.some((row) => row.length !== header.length + 1)) return false;
  const labels = rows.map((row) => row[0] ?? "");
  const areWords =
    labels.every((label) => label.trim() !== "" && !isNumber(label)) && new Set(labels).size === labels.length;
  return areWords || labels.every((label, index) => label === String(index + 1));
}

export function sniff(data: Uint8Array, options: SniffOptions = {}): Sniffed {
  const { text, encoding } = decode(data, options.encoding);
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const body = lines.slice(options.initialSkip ?? 0).join("\n");
  const delimiter = options.delimiter ?? guessDelimiter(body);
  const records = parse(body, delimiter, ROWS + 1);
  const width = Math.max(1, ...records.map((record) => record.length));
  const hasHeader = options.headerIncluded ?? true;
  const shift = hasHeader && hasRowNames(records) ? 1 : 0;
  const header = Array.from(
    { length: width },
    (_, index) => (hasHeader && records[0]?.[index - shift]) || `column_${index + 1}`,
  );
  return { header, rows: records.slice(hasHeader ? 1 : 0).slice(0, ROWS), delimiter, encoding };
}

const JSON_ROWS = /\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}/g;

/** Rows of a JSON array or of JSON lines whose first piece is `text`. */
export function sniffJson(text: string): Pick<Sniffed, "header" | "rows"> {
  const header: string[] = [];
  const rows: string[][] = [];
  for (const [piece] of text.matchAll(JSON_ROWS)) {
    if (rows.length >= ROWS) break;
    let record: Record<string, unknown>;
    try {
      record = JSON.parse(piece) as Record<string, unknown>;
    } catch {
      continue; // cut off at the end of the piece
    }
    for (const name of Object.keys(record)) if (!header.includes(name)) header.push(name);
    rows.push(
      header.map((name) =>
        record[name] === null || record[name] === undefined
          ? ""
          : typeof record[name] === "object"
            ? JSON.stringify(record[name])
            : String(record[name]),
      ),
    );
  }
  return { header, rows };
}

export type FileKind = "delimited" | "json" | "sheet" | "other";

export function kindOf(name: string): FileKind {
  const ending = name.toLowerCase().split(".").pop() ?? "";
  if (["csv", "tsv", "txt", "tab", "psv"].includes(ending)) return "delimited";
  if (["json", "ndjson", "jsonl"].includes(ending)) return "json";
  return ["xlsx", "xlsm", "xlsb", "xls", "ods"].includes(ending) ? "sheet" : "other";
}
