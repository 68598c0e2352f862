/** Which operations fit what is selected, the most used first, and what each would do to this very table. */
import type { Metadata, OperationInfo } from "../../api/rest";
import { rank } from "../../palette/ranking";
import { count, counted, isNumeric, isTime, typeName } from "../../parts/format";
import { isNarrowed, type View } from "../view";
import { GROUPS, type Group, groupOf, rankOf, titleOf, wordsOf } from "./catalogue";
import type { Selected } from "./forms";

export interface Offer {
  operation: OperationInfo;
  title: string;
  line: string;
  group: Group;
  isFitting: boolean;
}
export interface Situation {
  meta: Metadata;
  selected: Selected;
  view: View;
  viewRows: number;
}

const TEXT_ONLY = [
  "trimText",
  "changeCase",
  "splitColumn",
  "extract",
  "emptyStringToNaN",
  "parseDates",
  "parseNumbers",
  "mergeValues",
];
const NUMBER_ONLY = ["interpolate", "normalize", "standardize", "discretize"];
const MISSING_ONLY = ["fillWithAverage", "fillWithCustomValue", "fillDown", "interpolate", "deleteRowsWithNA"];
const ONE_COLUMN = [
  "fillWithAverage",
  "fillWithCustomValue",
  "interpolate",
  "deleteRowsWithNA",
  "findReplace",
  "splitColumn",
  "extract",
  "renameColumn",
  "moveColumn",
  "mergeValues",
  "insertDuplicateColumn",
  "changeColumnDataType",
  "parseDates",
  "parseNumbers",
  "normalize",
  "standardize",
  "discretize",
  "generateDummies",
  "emptyStringToNaN",
];
/** They need no column: the whole table is what they change. */
const ALWAYS = [
  "deduplicate",
  "sortRows",
  "derive",
  "join",
  "appendFile",
  "aggregate",
  "addRows",
  "insertRow",
  "executeCommand",
];

function fits(name: string, { meta, selected, view }: Situation): boolean {
  if (name === "deleteRows") return selected.rows.length > 0;
  if (name === "newCellValue") return selected.rows.length === 1 && selected.columns.length === 1;
  if (name === "keepRows" || name === "dropRows") return isNarrowed(view);
  if (ALWAYS.includes(name)) return true;
  const columns = selected.columns.map((column) => meta.columnInfo[column]).filter((info) => info !== undefined);
  if (columns.length === 0) return false;
  if (name === "combineColumns") return columns.length > 1;
  if (columns.length > 1 && ONE_COLUMN.includes(name)) return false;
  if (MISSING_ONLY.includes(name) && columns.every((info) => info.invalidValues === 0)) return false;
  if (TEXT_ONLY.includes(name) && !columns.every((info) => info.dataType === "string"))
    return name === "parseDates" && columns[0]?.dataType === "int";
  if (NUMBER_ONLY.includes(name) && !columns.every((info) => isNumeric(info.dataType))) return false;
  return true;
}

/** What it will do to this table, in one line. */
function line(operation: OperationInfo, { meta, selected, viewRows }: Situation): string {
  const column = selected.columns[0] ?? "";
  const info = meta.columnInfo[column];
  const rows = meta.dataSize.rows;
  const gaps = selected.columns.reduce((sum, name) => sum + (meta.columnInfo[name]?.invalidValues ?? 0), 0);
  const where = selected.columns.length > 1 ? `${selected.columns.length} columns` : column;
  const values = info ? counted(rows - info.invalidValues, "value") : "";
  switch (operation.name) {
    case "fillWithAverage":
      return isNumeric(info?.dataType ?? "") || isTime(info?.dataType ?? "")
        ? `${counted(gaps, "missing value")} in ${where}`
        : `${counted(gaps, "missing value")} in ${where} with the most frequent one`;
    case "fillWithCustomValue":
    case "fillDown":
    case "interpolate":
      return `${counted(gaps, "missing value")} in ${where}`;
    case "deleteRowsWithNA":
      return `${counted(gaps, "row")} of ${counted(rows, "row")}`;
    case "emptyStringToNaN":
      return `Texts of ${column} with nothing in them`;
    case "findReplace":
    case "trimText":
    case "changeCase":
    case "mergeValues":
      return selected.columns.length > 1 ? `In ${where}` : `In the ${values} of ${column}`;
    case "splitColumn":
      return `${column} into a column for each part`;
    case "extract":
      return `Parts of ${column} into new columns`;
    case "deleteRows":
      return counted(selected.rows.length, "row");
    case "newCellValue":
      return `${column} of row ${count((selected.rows[0] ?? 0) + 1)}`;
    case "keepRows":
      return `Keep ${counted(viewRows, "row")}, remove ${counted(rows - viewRows, "row")}`;
    case "dropRows":
      return `Remove ${counted(viewRows, "row")}, keep ${counted(rows - viewRows, "row")}`;
    case "deleteColumns":
      return selected.columns.length > 1
        ? `${where} of ${meta.dataSize.columns}`
        : `${column}, ${meta.dataSize.columns - 1} stay`;
    case "changeColumnDataType":
    case "parseDates":
    case "parseNumbers":
      return `${column}, now ${typeName(info?.dataType ?? "")}`;
    case "renameColumn":
      return `${column} gets another name`;
    case "moveColumn":
      return `${column} is column ${(info?.index ?? 0) + 1} of ${meta.dataSize.columns}`;
    case "insertDuplicateColumn":
      return `A copy beside ${column}`;
    case "combineColumns":
      return selected.columns.join(", ");
    case "generateDummies":
      return `A column of 0 and 1 for each value of ${column}`;
    case "normalize":
      return `The ${values} of ${column}, to lie from 0 to 1 or as you say`;
    case "standardize":
      return `The ${values} of ${column}, to mean 0 and deviation 1`;
    case "discretize":
      return `The ${values} of ${column} become ranges`;
    case "derive":
      return column ? `A new column from ${where} and others` : `A new column from the other ${meta.dataSize.columns}`;
    case "deduplicate":
      return selected.columns.length > 0 ? `Rows that agree in ${where}` : "Rows that agree in all columns";
    case "sortRows":
      return column ? `${counted(rows, "row")} by ${column}` : `All ${counted(rows, "row")}, as steps see them`;
    case "insertRow":
      return selected.rows.length > 0
        ? `Above row ${count((selected.rows[0] ?? 0) + 1)}`
        : `At the end, after ${counted(rows, "row")}`;
    case "addRows":
      return "Rows you type or paste";
    case "join":
      return column ? `Columns of another table, found by ${where}` : "Columns of another table beside these rows";
    case "appendFile":
      return `Its rows below the ${count(rows)} of this one`;
    case "aggregate":
      return column ? `A new table with a row for each ${where}` : "A new table; this one stays as it is";
    case "executeCommand":
      return `On all ${counted(rows, "row")}`;
    default:
      return operation.summary;
  }
}

const byUse = (one: Offer, other: Offer) =>
  GROUPS.indexOf(one.group) - GROUPS.indexOf(other.group) || rankOf(one.operation) - rankOf(other.operation);

/** All operations, those that fit first; the others with what they do in general. */
export function everything(operations: OperationInfo[], situation: Situation): Offer[] {
  const all = operations.map((operation): Offer => {
    const isFitting = fits(operation.name, situation);
    return {
      operation,
      title: titleOf(operation),
      group: groupOf(operation),
      isFitting,
      line: isFitting ? line(operation, situation) : operation.summary,
    };
  });
  return all.sort((one, other) => Number(other.isFitting) - Number(one.isFitting) || byUse(one, other));
}

/** The operations to offer; a search looks at all of them, and puts the best match first. */
export function offers(operations: OperationInfo[], situation: Situation, search: string): Offer[] {
  const all = everything(operations, situation);
  if (search.trim() === "") return all.filter((offer) => offer.isFitting);
  return rank(search, all, (offer) => [
    offer.title,
    `${wordsOf(offer.operation)} ${offer.operation.name}`,
    offer.operation.summary,
  ]).map((found) => found.item);
}

/** Things under their headings, in the order in which these come up. */
export function grouped<T extends { group: string }>(items: T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}
