/** Forms from the operations' JSON Schemas: which controls, what they start with, and what is sent. */
import type { OperationInfo } from "../api/rest";

export type Control = "column" | "columns" | "column-index" | "enum" | "boolean" | "number" | "text" | "code" | "lines" | "sort" | "value" | "type" | "rows";
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
}

const LABELS: Record<string, string> = {
  column: "Column", columns: "Columns", columnsToCombine: "Columns, in this order", toReplace: "Find", replaceWith: "Replace with",
  matchRegex: "As regular expressions", newName: "New name", newValue: "Value", seperator: "Put between", newDataType: "New type",
  dateFormat: "How dates are written", cutMode: "Intervals", numberOfBins: "How many", rangeFrom: "Smallest becomes", rangeTo: "Greatest becomes",
  toIndex: "New position", columnFrom: "From column", columnTo: "To column", inplace: "Remove the original column", inPlace: "Replace the column",
  regex: "As regular expression", insertIndex: "Position", sortBy: "Sort by", metric: "Average", keep: "Keep the", convert: "Turn into text if it does not fit",
  order: "Order", rowIndices: "Rows", case: "Write as", ends: "At the", collapse: "Inner blanks too", formats: "Formats", method: "Method",
};
const WORDS: Record<string, string> = {
  pad: "the value above", bfill: "the value below", discretization: "of equal width", quantiling: "of equal count", dayFirst: "day first", monthFirst: "month first",
  yearFirst: "year first", auto: "decide from the values", string: "text", int: "whole number", float: "number", datetime: "date and time", boolean: "yes or no",
};
export const choiceLabel = (value: string) => WORDS[value] ?? value;

const humanise = (name: string) => {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);

const EXAMPLE_DEFAULTS: Record<string, unknown> = { numberOfBins: 5, metric: "mean", cutMode: "discretization", method: "pad", newDataType: "string", case: "title", seperator: " ", delimiter: " " };

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
    fields.push({
      name,
      label: LABELS[name] ?? humanise(name),
      hint: isColumn ? "" : sentence(property.description),
      required: required || isColumn,
      initial: initialOf(name, property, found.control, selected),
      ...found,
    });
  }
  return fields;
}

function controlOf(name: string, schema: Schema): Pick<Field, "control" | "choices" | "isMixed"> | null {
  const control = schema["x-control"];
  if (name === "newDataType") return { control: "type", choices: (schema.examples ?? []) as string[] };
  if (name === "newValue") return { control: "value" };
  if (name === "sortBy") return { control: "sort" };
  if (control === "column") return { control: "column" };
  if (control === "columns" || name === "columnsToCombine") return { control: "columns" };
  if (control === "column-index") return { control: "column-index" };
  if (control === "rows") return { control: "rows" };
  if (control === "code" || control === "expression") return { control: "code" };
  if (control !== undefined) return null;
  const options = schema.anyOf?.filter((each) => each.type !== "null") ?? [schema];
  const enumeration = options.find((each) => each.enum);
  if (enumeration) return { control: "enum", choices: enumeration.enum };
  const types = options.map((each) => each.type);
  if (types.includes("boolean")) return { control: "boolean" };
  if (types.includes("array")) return options[0]?.items?.$ref || options.length > 1 ? null : { control: "lines" };
  if (types.includes("integer") || types.includes("number")) return { control: "number", isMixed: types.includes("string") };
  return types.includes("string") ? { control: "text" } : null;
}

function initialOf(name: string, schema: Schema, control: Control, selected: Selected): unknown {
  switch (control) {
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

/** What is sent for a form's values, or the field that has to be filled in first. */
export function toParameters(fields: Field[], values: Record<string, unknown>, columns: string[]): Record<string, unknown> | FieldProblem {
  const sent: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.name];
    const isEmpty = value === "" || value === undefined || (Array.isArray(value) && value.length === 0);
    const mayBeEmpty = ["value", "lines", "text"].includes(field.control) && ["newValue", "replaceWith", "seperator"].includes(field.name);
    if (isEmpty && !mayBeEmpty) {
      if (field.required) return { field: field.name, message: field.control.startsWith("column") ? "Choose a column" : "Fill this in" };
      continue;
    }
    const converted = convert(field, value, columns);
    if (converted === undefined) return { field: field.name, message: "Give a number" };
    sent[field.name] = converted;
  }
  if (Array.isArray(sent.toReplace) && Array.isArray(sent.replaceWith)) {
    const wanted = sent.toReplace.length;
    // One replacement for all of them is what people mean by one line.
    if (sent.replaceWith.length === 1) sent.replaceWith = Array.from({ length: wanted }, () => (sent.replaceWith as unknown[])[0]);
    else if (sent.replaceWith.length !== wanted) return { field: "replaceWith", message: `Give one line, or one for each of the ${wanted} to find` };
  }
  return sent;
}

function convert(field: Field, value: unknown, columns: string[]): unknown {
  switch (field.control) {
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
  typeof (result as FieldProblem).field === "string" && typeof (result as FieldProblem).message === "string" && Object.keys(result).length === 2;

/** The field that a server's sentence is about: `metric: input should be ...`. */
export function fieldAtFault(fields: Field[], message: string): string | undefined {
  const named = /^([A-Za-z]+)(?:[.[][^:]*)?:/.exec(message)?.[1];
  const direct = fields.find((field) => field.name === named)?.name;
  if (direct) return direct;
  return fields.find((field) => new RegExp(`\\b(${field.label}|${field.name})\\b`, "i").test(message))?.name;
}
