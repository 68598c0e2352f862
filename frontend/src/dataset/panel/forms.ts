/** Forms from the operations' JSON Schemas: which controls, what they start with, and what is sent. */
import type { Metadata, OperationInfo } from "../../api/rest";
import { isNumeric } from "../../parts/format";
import { labelOf } from "../../parts/schema";
import { readRows } from "../newrows";
import type { ExpressionFunction } from "./controls/expression";

/** Controls that parameters ask for by name. */
const ASKED_FOR = [
  "code",
  "column",
  "column-index",
  "columns",
  "expression",
  "keys",
  "lines",
  "measures",
  "merges",
  "new-rows",
  "other-columns",
  "place",
  "record",
  "row",
  "rows",
  "session",
  "sort",
  "type",
  "value",
] as const;
/** The others follow from the type alone. */
export type Control = (typeof ASKED_FOR)[number] | "enum" | "boolean" | "number" | "text";
export interface Field {
  name: string;
  label: string;
  hint: string;
  control: Control;
  required: boolean;
  initial: unknown;
  choices?: Choice[];
  /** `number` also takes text, such as edges of bins. */
  isMixed?: boolean;
  /** What an expression can call. */
  functions?: ExpressionFunction[];
  /** Another field, and the values of it for which this one matters. */
  when?: Record<string, string[]>;
  help?: { on: string; when?: string };
  mayBeEmpty?: boolean;
  /** The other list of which each entry belongs to one of this list. */
  pairsWith?: string;
}
export interface Choice {
  value: string;
  label: string;
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
  function: string;
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
  title?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  $defs?: Record<string, Schema>;
  "x-control"?: string;
  "x-hint"?: string;
  "x-choices"?: Record<string, string>;
  "x-start"?: unknown;
  "x-starts-with"?: "last";
  "x-when"?: Record<string, string[]>;
  "x-help"?: { on: string; when?: string };
  "x-required"?: boolean;
  "x-may-be-empty"?: boolean;
  "x-pairs-with"?: string;
  "x-functions"?: ExpressionFunction[];
}

/** The fields of an operation's form, in the order of its schema; null when a parameter has no control here. */
export function fieldsOf(operation: OperationInfo, selected: Selected): Field[] | null {
  const schema = operation.parameters as Schema;
  const fields: Field[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    // Each column is named twice, by position and by name; a form has it once, by name.
    if (["columnIndex", "columnIndices"].includes(name)) continue;
    const required = schema.required?.includes(name) ?? false;
    const found = controlOf(property, schema);
    if (found === null) {
      if (required) return null;
      continue;
    }
    fields.push({
      name,
      label: labelOf(name, property.title),
      // Of an operation of the deployer's own there may be a description alone.
      hint: property["x-hint"] ?? sentence(property.description),
      required: required || (property["x-required"] ?? false),
      initial: initialOf(property, found.control, selected),
      when: property["x-when"],
      help: property["x-help"],
      mayBeEmpty: property["x-may-be-empty"],
      pairsWith: property["x-pairs-with"],
      ...found,
    });
  }
  return fields;
}

const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);

function controlOf(schema: Schema, whole: Schema): Pick<Field, "control" | "choices" | "isMixed" | "functions"> | null {
  const control = schema["x-control"] === "column-indices" ? "columns" : schema["x-control"];
  if (control !== undefined) {
    if (!isAskedFor(control)) return null;
    if (control === "expression") return { control, functions: schema["x-functions"] ?? [] };
    if (control === "type") return { control, choices: choicesOf(schema, schema.examples) };
    if (control === "measures") return { control, choices: choicesOf(...functionOf(schema, whole)) };
    return { control };
  }
  const options = schema.anyOf?.filter((each) => each.type !== "null") ?? [schema];
  const enumeration = options.find((each) => each.enum);
  if (enumeration) return { control: "enum", choices: choicesOf(schema, enumeration.enum) };
  const types = options.map((each) => each.type);
  if (types.includes("boolean")) return { control: "boolean" };
  if (types.includes("array")) return options[0]?.items?.$ref || options.length > 1 ? null : { control: "lines" };
  if (types.includes("integer") || types.includes("number"))
    return { control: "number", isMixed: types.includes("string") };
  return types.includes("string") ? { control: "text" } : null;
}

const isAskedFor = (name: string): name is (typeof ASKED_FOR)[number] =>
  (ASKED_FOR as readonly string[]).includes(name);

const choicesOf = (schema: Schema, values: unknown[] = []): Choice[] =>
  values.map(String).map((value) => ({ value, label: schema["x-choices"]?.[value] ?? value }));

/** The functions that a list of measures, of objects with one each, can have. */
function functionOf(schema: Schema, whole: Schema): [Schema, unknown[] | undefined] {
  const name = schema.items?.$ref?.split("/").at(-1) ?? "";
  const found = whole.$defs?.[name]?.properties?.function ?? {};
  return [found, found.enum];
}

function initialOf(schema: Schema, control: Control, selected: Selected): unknown {
  switch (control) {
    case "keys":
    case "merges":
    case "measures":
      return [];
    case "other-columns":
      return null;
    case "record":
      return {};
    case "row":
      // Rows are numbered from 1 where people see them.
      return selected.rows.length > 0 ? String(selected.rows[0]! + 1) : "";
    case "column":
    case "column-index":
      return selected.columns.at(schema["x-starts-with"] === "last" ? -1 : 0) ?? "";
    case "columns":
      return selected.columns;
    case "rows":
      return selected.rows;
    case "sort":
      return selected.columns.slice(0, 1).map((column) => ({ column, ascending: true }));
    case "session":
    case "new-rows":
    case "expression":
    case "lines":
      return "";
    case "boolean":
      return schema["x-start"] ?? schema.default ?? false;
    default:
      return schema.default ?? schema["x-start"] ?? (control === "enum" ? (schema.enum?.[0] ?? "") : "");
  }
}

export interface FieldProblem {
  field: string;
  message: string;
}

/** Whether a field matters, as the others stand. */
export function isShown(field: Field, values: Record<string, unknown>): boolean {
  return Object.entries(field.when ?? {}).every(([name, matters]) => matters.includes(String(values[name])));
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
    if (isEmpty && !field.mayBeEmpty) {
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
  for (const { name, pairsWith } of fields) {
    const [found, partner] = [sent[name], pairsWith && sent[pairsWith]];
    if (!Array.isArray(found) || !Array.isArray(partner)) continue;
    // One for all of them is what people mean by one line.
    if (found.length === 1) sent[name] = partner.map(() => found[0]);
    else if (found.length !== partner.length)
      return { field: name, message: `Give one line, or one for each of the ${partner.length} to find` };
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
