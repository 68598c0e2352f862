/** What people call each operation, under which heading it stands, and the words by which it is found as well. */
import type { OperationInfo } from "../../api/rest";

export const GROUPS = ["Missing", "Text", "Numbers and dates", "Columns", "Rows", "Other tables"] as const;
export type Group = (typeof GROUPS)[number];

interface Entry {
  title: string;
  group: Group;
  words?: string;
}

const entry = (title: string, group: Group, words = ""): Entry => ({ title, group, words });

/** The most used first, within each heading. */
export const CATALOGUE: Record<string, Entry> = {
  fillWithAverage: entry("Fill missing with an average", "Missing", "mean median mode impute empty"),
  fillWithCustomValue: entry("Fill missing with a value", "Missing", "constant impute empty"),
  deleteRowsWithNA: entry("Remove rows where it is missing", "Missing", "drop empty"),
  fillDown: entry("Fill missing from neighbours", "Missing", "forward backward above below"),
  interpolate: entry("Interpolate missing values", "Missing", "line spline curve"),
  emptyStringToNaN: entry("Empty text to missing", "Missing", "blank null"),
  findReplace: entry("Find and replace", "Text", "substitute change regex pattern"),
  trimText: entry("Trim blanks", "Text", "spaces strip whitespace"),
  changeCase: entry("Change capitals", "Text", "upper lower case"),
  splitColumn: entry("Split column", "Text", "separate delimiter parts"),
  extract: entry("Extract with a pattern", "Text", "regex part capture"),
  mergeValues: entry("Merge values", "Text", "cluster spelling same replace several"),
  changeColumnDataType: entry("Change type", "Columns", "convert cast number text date"),
  renameColumn: entry("Rename column", "Columns", "name header"),
  derive: entry("Compute a column", "Columns", "formula expression calculate new sql"),
  deleteColumns: entry("Remove columns", "Columns", "delete drop"),
  insertDuplicateColumn: entry("Duplicate column", "Columns", "copy"),
  moveColumn: entry("Move column", "Columns", "order position"),
  combineColumns: entry("Combine columns", "Columns", "concatenate join text together"),
  generateDummies: entry("One column per value", "Columns", "dummies one-hot encode 0 1"),
  parseNumbers: entry("Read as numbers", "Numbers and dates", "currency percent thousands decimal comma money convert"),
  parseDates: entry("Read as dates", "Numbers and dates", "time datetime timestamp epoch"),
  normalize: entry("Rescale to a range", "Numbers and dates", "normalise min max scale"),
  standardize: entry("Standardize to mean 0", "Numbers and dates", "z-score mean deviation"),
  discretize: entry("Put into intervals", "Numbers and dates", "bins cut quantile"),
  deduplicate: entry("Remove repeated rows", "Rows", "duplicates unique distinct"),
  sortRows: entry("Sort for good", "Rows", "order"),
  keepRows: entry("Keep only the rows shown", "Rows", "filter"),
  dropRows: entry("Remove the rows shown", "Rows", "filter delete"),
  deleteRows: entry("Remove selected rows", "Rows", "drop"),
  insertRow: entry("Insert a row", "Rows", "new add"),
  addRows: entry("Add rows", "Rows", "new paste append insert"),
  newCellValue: entry("Write into one cell", "Rows", "edit value"),
  join: entry("Join another table", "Other tables", "lookup merge vlookup match keys"),
  appendFile: entry("Append another table", "Other tables", "union concatenate stack below rows"),
  aggregate: entry("Sum up by groups", "Other tables", "aggregate group by pivot count total average new table"),
  executeCommand: entry("Run Python code", "Other tables", "pandas script command"),
};

const ORDER = Object.keys(CATALOGUE);

const humanise = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/^./, (first) => first.toUpperCase());

export const titleOf = (operation: { name: string }) => CATALOGUE[operation.name]?.title ?? humanise(operation.name);

/** An operation of a newer server stands at the end, by its name. */
export const groupOf = (operation: { name: string }): Group => CATALOGUE[operation.name]?.group ?? "Rows";
export const wordsOf = (operation: { name: string }) => CATALOGUE[operation.name]?.words ?? "";
export const rankOf = (operation: { name: string }) => {
  const at = ORDER.indexOf(operation.name);
  return at < 0 ? ORDER.length : at;
};

export const MEASURES = [
  "count",
  "countDistinct",
  "sum",
  "mean",
  "median",
  "min",
  "max",
  "std",
  "first",
  "last",
  "mode",
] as const;

/** Summing up makes another dataset, so it is no operation of the server's list; its form is made like one. */
export const AGGREGATE: OperationInfo = {
  name: "aggregate",
  aliases: [],
  summary: "Sum the rows up by groups, as a new table; this one stays as it is.",
  ordered: false,
  enabled: true,
  example: { by: ["Genre"], aggregates: [{ column: "Gross", function: "sum" }] },
  parameters: {
    properties: {
      by: {
        type: "array",
        "x-control": "columns",
        description: "one row for each of their values; none for one row in all",
      },
      aggregates: { type: "array", "x-control": "measures" },
      countRows: { type: "boolean", default: true },
    },
    required: [],
  },
};

/** Everything that can be done on this server. */
export const available = (operations: OperationInfo[]): OperationInfo[] => [
  ...operations.filter((operation) => operation.enabled),
  AGGREGATE,
];

/** What is only seen by doing it has no preview. */
export const hasPreview = (name: string) => name !== "aggregate" && name !== "executeCommand";
