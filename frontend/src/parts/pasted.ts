/** Delimited text that a person pastes, and what a file's name tells. */
export type FileKind = "delimited" | "json" | "sheet" | "other";

const DELIMITERS = [",", ";", "\t", "|"];

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

/** The delimiter that cuts the first lines into the same number of fields, the most of them. */
export function guessDelimiter(text: string): string {
  const worth = (delimiter: string) => {
    const widths = parse(text, delimiter, 12).map((record) => record.length);
    const first = widths[0] ?? 1;
    const alike = widths.filter((width) => width === first).length;
    return first < 2 ? 0 : first * (alike / widths.length) ** 2;
  };
  return DELIMITERS.reduce((best, each) => (worth(each) > worth(best) ? each : best));
}

export function kindOf(name: string): FileKind {
  const ending = name.toLowerCase().split(".").pop() ?? "";
  if (["csv", "tsv", "txt", "tab", "psv"].includes(ending)) return "delimited";
  if (["json", "ndjson", "jsonl"].includes(ending)) return "json";
  return ["xlsx", "xlsm", "xlsb", "xls", "ods"].includes(ending) ? "sheet" : "other";
}
