/** Forms from the operations' JSON Schemas: which controls, what they start with, and what is sent. */
import type { Metadata, OperationInfo } from "../../api/rest";
import { isNumeric } from "../../parts/format";
import { readRows } from "../newrows";
import type { MEASURES } from "./catalogue";
import type { ExpressionFunction } from "./controls/expression";

export type Control =
  | "column"
  | "columns"
  | "column-index"
  | "enum"
  | "boolean"
  | "number"
  | "text"
  | "code"
  | "expression"
  | "lines"
  | "sort"
  | "value"
  | "type"
  | "rows"
  | "session"
  | "keys"
  | "other-columns"
  | "merges"
  | "record"
  | "new-rows"
  | "row"
  | "place"
  | "measures";
export interface Field {
  name: string;
  label: string;
  hint: string;
  control: Control;
  required: boolean;
  initial: unknown;
  choices?: string[];
  /** `number` also takes text, such as edges of bins. */
  isMixed?: boolean;
  /** What an expression can call. */
  functions?: ExpressionFunction[];
}
export interface Key {
  column: string;
  otherColumn: string;
}
export interface Merge {
  from: unknown[];
  to: unknown;
}
export interface Measure {
  column: string;
  function: (typeof MEASURES)[number];
}
export interface Selected {
  columns: string[];
  rows: number[];
}

interface Schema {
  type?: string;
  enum?: string[];
  anyOf?: Schema[];
  items?: Schema;
  default?: unknown;
  description?: string;
  examples?: unknown[];
  $ref?: string;
  "x-control"?: string;
  "x-functions"?: ExpressionFunction[];
}

const LABELS: Record<string, string> = {
  column: "Column",
  columns: "Columns",
  columnsToCombine: "Columns, in this order",
  toReplace: "Find",
  replaceWith: "Replace with",
  matchRegex: "As regular expressions",
  newName: "New name",
  newValue: "Value",
  seperator: "Put between",
  newDataType: "New type",
  dateFormat: "How dates are written",
  cutMode: "Intervals",
  numberOfBins: "How many",
  rangeFrom: "Smallest becomes",
  rangeTo: "Greatest becomes",
  toIndex: "New position",
  columnFrom: "From column",
  columnTo: "To column",
  inplace: "Remove the original column",
  inPlace: "Replace the column",
  regex: "As regular expression",
  sortBy: "Sort by",
  metric: "Average",
  keep: "Keep the",
  convert: "Turn into text if it does not fit",
  otherSessionID: "The other table",
  keys: "Rows belong together where",
  how: "Keep",
  suffix: "Behind names that are taken",
  newColumns: "Add the columns that only the other table has",
  merges: "Groups of values",
  rows: "Rows",
  values: "Its values",
  rowIndex: "Above row",
  by: "A row for each",
  aggregates: "Compute",
  countRows: "Count the rows of each",
  expression: "Expression",
  command: "Python",
  insertIndex: "Place",
  pattern: "Pattern",
  delimiter: "Cut at",
  order: "Order",
  rowIndices: "Rows",
  case: "Write as",
  ends: "At the",
  collapse: "Inner blanks too",
  formats: "Formats",
  method: "Method",
};
const WORDS: Record<string, string> = {
  pad: "the value above",
  bfill: "the value below",
  discretization: "of equal width",
  quantiling: "of equal count",
  dayFirst: "day first",
  monthFirst: "month first",
  yearFirst: "year first",
  point: "a point, as in 1,234.5",
  comma: "a comma, as in 1.234,5",
  fraction: "a fraction: 5 % is 0.05",
  number: "a number: 5 % is 5",
  auto: "decide from the values",
  string: "text",
  int: "whole number",
  float: "number",
  datetime: "date and time",
  boolean: "yes or no",
  left: "every row of this table",
  inner: "only the rows that match",
  outer: "the rows of both tables",
  first: "first",
  last: "last",
  count: "number of values",
  countDistinct: "number of different values",
  sum: "sum",
  mean: "mean",
  min: "smallest",
  max: "greatest",
  std: "standard deviation",
  mode: "most frequent",
  both: "both ends",
  start: "start",
  end: "end",
  none: "none of the ends",
  title: "A Capital At Each Word",
  sentence: "A capital at the start",
  upper: "ALL CAPITALS",
  lower: "small letters",
};
/** Where a parameter of one operation is another thing than elsewhere. */
const OF_OPERATION: Record<string, Record<string, string>> = {
  interpolate: { order: "Degree" },
  parseDates: { order: "In dates such as 1/2/2020" },
  parseNumbers: { decimal: "Before the decimals stands", percent: "Per cent becomes" },
  join: { columns: "Bring" },
  mergeValues: { column: "Column" },
  addRows: { rowIndex: "Above row" },
  newCellValue: { rowIndex: "Row" },
  deduplicate: { columns: "Compare" },
};
/** Their own hints say it in the machine's words, or say what the control shows. */
const HINTS: Record<string, string> = {
  otherSessionID: "",
  keys: "",
  merges: "",
  rows: "",
  values: "What stays empty is missing.",
  rowIndex: "",
  insertIndex: "",
  toIndex: "",
  aggregates: "",
  sortBy: "",
  convert: "",
  toReplace: "One to a line.",
  replaceWith: "One line for all, or one for each to find. Nothing makes empty text.",
  newValue: "It has to fit the column’s type.",
  newDataType: "",
  formats: "One to a line, tried in turn. Found from the values when nothing is given.",
  columns: "",
  dateFormat: "Found from the values when nothing is given.",
  order: "",
  decimal: "",
  percent: "",
  how: "",
  metric: "",
  method: "",
  cutMode: "",
  case: "",
  ends: "",
  newName: "No other column may have it.",
  expression: "Names with blanks stand between double quotes, text between single ones.",
  command: "The table is the pandas DataFrame df; pandas is pd, NumPy np. What df is at the end becomes the table.",
  countRows: "",
  suffix: "",
};
export const choiceLabel = (value: string) => WORDS[value] ?? value;

const humanise = (name: string) => {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);

const EXAMPLE_DEFAULTS: Record<string, unknown> = {
  numberOfBins: 5,
  metric: "mean",
  how: "left",
  order: 2,
  cutMode: "discretization",
  method: "pad",
  newDataType: "string",
  case: "title",
  seperator: " ",
  delimiter: " ",
};

/** The fields of an operation's form, in the order of its schema; null when a parameter has no control here. */
export function fieldsOf(operation: OperationInfo, selected: Selected): Field[] | null {
  const schema = operation.parameters as { properties?: Record<string, Schema>; required?: string[] };
  const fields: Field[] = [];
  const properties = schema.properties ?? {};
  for (const [name, property] of Object.entries(properties)) {
    // Each column is named twice, by position and by name; a form has it once, by name.
    if (["columnIndex", "columnIndices"].includes(name)) continue;
    const required = schema.required?.includes(name) ?? false;
    const found = controlOf(name, property);
    if (found === null) {
      if (required) return null;
      continue;
    }
    const isColumn = found.control === "column" || found.control === "columns";
    const isOptional = operation.name === "deduplicate" || operation.name === "aggregate";
    fields.push({
      name,
      label: OF_OPERATION[operation.name]?.[name] ?? LABELS[name] ?? humanise(name),
      hint: isColumn
        ? operation.name === "aggregate" || isOptional
          ? sentence(operation.name === "deduplicate" ? "All columns when none is chosen." : property.description)
          : ""
        : (HINTS[name] ?? sentence(property.description)),
      required: required || (isColumn && !isOptional),
      initial: initialOf(name, property, found.control, selected, operation.name),
      ...found,
    });
  }
  return fields;
}

const BY_NAME: Record<string, Control> = {
  keys: "keys",
  merges: "merges",
  values: "record",
  rows: "new-rows",
  rowIndex: "row",
  toIndex: "place",
  insertIndex: "place",
};

function controlOf(name: string, schema: Schema): Pick<Field, "control" | "choices" | "isMixed" | "functions"> | null {
  const control = schema["x-control"];
  const own = BY_NAME[name];
  if (own) return { control: own };
  if (control === "session" || control === "other-columns" || control === "measures") return { control };
  if (control === "expression") return { control, functions: schema["x-functions"] ?? [] };
  if (name === "newDataType") return { control: "type", choices: (schema.examples ?? []) as string[] };
  if (name === "newValue") return { control: "value" };
  if (name === "sortBy") return { control: "sort" };
  if (control === "column") return { control: "column" };
  if (control === "columns" || name === "columnsToCombine") return { control: "columns" };
  if (control === "column-index") return { control: "column-index" };
  if (control === "rows") return { control: "rows" };
  if (control === "code") return { control: "code" };
  if (control !== undefined) return null;
  const options = schema.anyOf?.filter((each) => each.type !== "null") ?? [schema];
  const enumeration = options.find((each) => each.enum);
  if (enumeration) return { control: "enum", choices: enumeration.enum };
  const types = options.map((each) => each.type);
  if (types.includes("boolean")) return { control: "boolean" };
  if (types.includes("array")) return options[0]?.items?.$ref || options.length > 1 ? null : { control: "lines" };
  if (types.includes("integer") || types.includes("number"))
    return { control: "number", isMixed: types.includes("string") };
  return types.includes("string") ? { control: "text" } : null;
}

function initialOf(name: string, schema: Schema, control: Control, selected: Selected, operation: string): unknown {
  switch (control) {
    case "session":
    case "new-rows":
      return "";
    case "keys":
    case "merges":
      return [];
    case "other-columns":
      return null;
    case "record":
      return {};
    case "row":
      // Rows are numbered from 1 where people see them.
      return selected.rows.length > 0 ? String(selected.rows[0]! + 1) : "";
    case "place":
      return operation === "combineColumns" || operation === "moveColumn" ? 0 : "";
    case "measures":
      return [];
    case "expression":
      return "";
    case "column":
      return selected.columns[0] ?? "";
    case "column-index":
      return (name === "columnTo" ? selected.columns.at(-1) : selected.columns[0]) ?? "";
    case "columns":
      return selected.columns;
    case "rows":
      return selected.rows;
    case "sort":
      return selected.columns.slice(0, 1).map((column) => ({ column, ascending: true }));
    case "lines":
      return "";
    case "boolean":
      return schema.default ?? false;
    default:
      return schema.default ?? EXAMPLE_DEFAULTS[name] ?? (control === "enum" ? (schema.enum?.[0] ?? "") : "");
  }
}

export interface FieldProblem {
  field: string;
  message: string;
}

/** Whether a field matters, as the others stand. */
export function isShown(field: Field, values: Record<string, unknown>): boolean {
  if (field.name === "dateFormat") return ["date", "datetime", "time"].includes(String(values.newDataType));
  if (field.name === "order" && values.method !== undefined)
    return ["polynomial", "spline"].includes(String(values.method));
  return true;
}

export type Table = Pick<Metadata, "columns" | "columnInfo" | "dataSize">;

/** What is sent for a form's values, or the field that has to be filled in first. */
export function toParameters(
  fields: Field[],
  values: Record<string, unknown>,
  table: Table,
): Record<string, unknown> | FieldProblem {
  const sent: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.name];
    if (!isShown(field, values)) continue;
    const isEmpty = value === "" || value === undefined || (Array.isArray(value) && value.length === 0);
    const mayBeEmpty =
      ["value", "lines", "text"].includes(field.control) &&
      ["newValue", "replaceWith", "seperator"].includes(field.name);
    if (isEmpty && !mayBeEmpty) {
      if (field.control === "row" && field.required) sent[field.name] = table.dataSize.rows;
      else if (field.required) return { field: field.name, message: ASKS[field.control] ?? "Fill this in" };
      continue;
    }
    if (value === null && field.control === "other-columns") continue;
    const converted = convert(field, value, table, values);
    if (converted === undefined) return { field: field.name, message: "Give a number" };
    if (converted instanceof Unfit) return { field: field.name, message: converted.words };
    sent[field.name] = converted;
  }
  if (Array.isArray(sent.toReplace) && Array.isArray(sent.replaceWith)) {
    const wanted = sent.toReplace.length;
    // One replacement for all of them is what people mean by one line.
    if (sent.replaceWith.length === 1)
      sent.replaceWith = Array.from({ length: wanted }, () => (sent.replaceWith as unknown[])[0]);
    else if (sent.replaceWith.length !== wanted)
      return { field: "replaceWith", message: `Give one line, or one for each of the ${wanted} to find` };
  }
  return sent;
}

const ASKS: Partial<Record<Control, string>> = {
  column: "Choose a column",
  columns: "Choose a column",
  "column-index": "Choose a column",
  session: "Choose a table",
  keys: "Choose the columns that have to agree",
  merges: "Say which values to merge",
  sort: "Choose a column",
  "new-rows": "Type or paste a row",
  expression: "Say what to compute",
  rows: "Select rows by their boxes",
};

/** A value that cannot be sent, and what to do about it. */
class Unfit {
  constructor(readonly words: string) {}
}

/** Text that stands for a number where the column holds numbers. */
function asValue(value: unknown, column: string, table: Table): unknown {
  if (typeof value !== "string" || !isNumeric(table.columnInfo[column]?.dataType ?? "")) return value;
  return value.trim() !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
}

function convert(field: Field, value: unknown, table: Table, values: Record<string, unknown>): unknown {
  const { columns } = table;
  switch (field.control) {
    case "row": {
      const number = Number(value);
      return Number.isInteger(number) && number >= 1 ? number - 1 : undefined;
    }
    case "place":
      return Number(value);
    case "keys": {
      const keys = value as Key[];
      return keys.every((key) => key.column && key.otherColumn) ? keys : new Unfit("Choose both columns of each pair");
    }
    case "merges": {
      const column = String(values.column ?? "");
      const merges = (value as Merge[]).filter((merge) => merge.from.length > 0);
      if (merges.length === 0) return new Unfit("Say which values to merge");
      return merges.map((merge) => ({
        from: merge.from.map((each) => asValue(each, column, table)),
        to: merge.to === "" ? null : asValue(merge.to, column, table),
      }));
    }
    case "record":
      return Object.fromEntries(Object.entries(value as Record<string, string>).filter(([, each]) => each !== ""));
    case "new-rows": {
      const read = readRows(String(value), columns);
      return "problem" in read ? new Unfit(read.problem) : read.rows;
    }
    case "number": {
      const number = Number(value);
      if (!Number.isNaN(number)) return number;
      return field.isMixed ? String(value) : undefined;
    }
    case "column-index":
      return columns.indexOf(String(value));
    case "lines":
      return String(value).split("\n");
    default:
      return value;
  }
}

export const isProblem = (result: Record<string, unknown> | FieldProblem): result is FieldProblem =>
  typeof (result as FieldProblem).field === "string" &&
  typeof (result as FieldProblem).message === "string" &&
  Object.keys(result).length === 2;

/** The field that a server's sentence is about: `metric: input should be ...`. */
export function fieldAtFault(
  fields: Field[],
  message: string,
  values: Record<string, unknown> = {},
): string | undefined {
  const named = /^([A-Za-z]+)(?:[.[][^:]*)?:/.exec(message)?.[1];
  const direct = fields.find((field) => field.name === named)?.name;
  if (direct) return direct;
  const said = fields.find((field) => new RegExp(`\\b(${field.label}|${field.name})\\b`, "i").test(message))?.name;
  if (said) return said;
  // What the sentence quotes, such as a column that is not there, stands in the field that is at fault.
  const quoted = /'([^']+)'/.exec(message)?.[1];
  return quoted
    ? fields.find((field) => JSON.stringify(values[field.name] ?? "").includes(JSON.stringify(quoted).slice(1, -1)))
        ?.name
    : undefined;
}

/** What a form shows for parameters that a step already has; `named` tells the columns that it names by position. */
export function toValues(
  fields: Field[],
  parameters: Record<string, unknown>,
  named: { parameter: string; name?: string | null }[] = [],
): Record<string, unknown> {
  const nameOf = (parameter: string) =>
    named.filter((each) => each.parameter === parameter).flatMap((each) => (each.name ? [each.name] : []));
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const given = parameters[field.name];
    if (field.control === "column") values[field.name] = given ?? nameOf("columnIndex")[0] ?? nameOf("column")[0] ?? "";
    else if (field.control === "columns")
      values[field.name] =
        Array.isArray(given) && given.every((each) => typeof each === "string")
          ? given
          : [...nameOf(field.name), ...(field.name === "columns" ? nameOf("columnIndices") : [])];
    else if (field.control === "column-index") values[field.name] = nameOf(field.name)[0] ?? "";
    else if (field.control === "lines")
      values[field.name] = Array.isArray(given)
        ? given.map((each) => (each === null ? "" : String(each))).join("\n")
        : "";
    else if (field.control === "row") values[field.name] = typeof given === "number" ? String(given + 1) : "";
    else if (field.control === "rows") values[field.name] = given ?? [];
    else if (field.control === "new-rows") values[field.name] = Array.isArray(given) ? JSON.stringify(given) : "";
    else if (field.control === "sort" || field.control === "keys")
      values[field.name] = withNames(given, named, field.name);
    else values[field.name] = given ?? field.initial;
  }
  return values;
}

/** The keys of a sort or a join, which may name their columns by position. */
function withNames(given: unknown, named: { parameter: string; name?: string | null }[], parameter: string): unknown[] {
  const byIndex = named.filter((each) => each.parameter === `${parameter}.columnIndex`).map((each) => each.name);
  return (Array.isArray(given) ? (given as Record<string, unknown>[]) : []).map((key) => {
    const column = key.column ?? byIndex.shift() ?? "";
    return parameter === "sortBy"
      ? { column, ascending: key.ascending ?? true }
      : { column, otherColumn: key.otherColumn ?? column };
  });
}

/** Pairs of columns that probably belong together: the same name, whatever its capitals; the one that was selected first. */
export function guessKeys(columns: string[], selected: string[], other: string[]): Key[] {
  const plain = (name: string) => name.toLowerCase().replace(/[\s_-]+/g, "");
  const partner = (name: string) =>
    other.find((each) => each === name) ?? other.find((each) => plain(each) === plain(name));
  const alike = [...selected, ...columns].find((name) => partner(name) !== undefined);
  if (alike !== undefined) return [{ column: alike, otherColumn: partner(alike)! }];
  return [{ column: selected[0] ?? "", otherColumn: "" }];
}
