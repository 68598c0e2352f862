/** Which operations fit what is selected, the most used first, and what each would do to this very table. */
import type { Metadata, OperationInfo } from "../api/rest";
import { counted, isNumeric, isTime, typeName } from "./format";
import type { Selected } from "./forms";
import { isNarrowed, type View } from "./view";

export interface Offer {
  operation: OperationInfo;
  title: string;
  line: string;
}
export interface Situation {
  meta: Metadata;
  selected: Selected;
  view: View;
  viewRows: number;
}

const TITLES: Record<string, string> = {
  fillWithAverage: "Fill missing with an average", fillWithCustomValue: "Fill missing with a value", fillDown: "Fill missing from neighbours",
  interpolate: "Interpolate missing values", deleteRowsWithNA: "Remove rows where it is missing", findReplace: "Find and replace", trimText: "Trim blanks",
  changeCase: "Change capitals", splitColumn: "Split column", extract: "Extract with a pattern", combineColumns: "Combine columns", renameColumn: "Rename column",
  deleteColumns: "Remove columns", moveColumn: "Move column", insertDuplicateColumn: "Duplicate column", changeColumnDataType: "Change type",
  parseDates: "Read as dates", normalize: "Rescale to a range", standardize: "Standardize", discretize: "Put into intervals", generateDummies: "One column per value",
  emptyStringToNaN: "Empty text to missing", deduplicate: "Remove repeated rows", sortRows: "Sort for good", derive: "Compute a column", keepRows: "Keep only the rows shown",
  dropRows: "Remove the rows shown", deleteRows: "Remove selected rows",
};

/** Where each stands in the list; what is not here is offered where it stands in the grid or not yet. */
const ORDER = Object.keys(TITLES);

const TEXT_ONLY = ["trimText", "changeCase", "splitColumn", "extract", "emptyStringToNaN", "parseDates"];
const NUMBER_ONLY = ["interpolate", "normalize", "standardize", "discretize"];
const MISSING_ONLY = ["fillWithAverage", "fillWithCustomValue", "fillDown", "interpolate", "deleteRowsWithNA"];
const ONE_COLUMN = [
  "fillWithAverage", "fillWithCustomValue", "interpolate", "deleteRowsWithNA", "findReplace", "splitColumn", "extract", "renameColumn", "moveColumn",
  "insertDuplicateColumn", "changeColumnDataType", "parseDates", "normalize", "standardize", "discretize", "generateDummies", "emptyStringToNaN",
];

export const titleOf = (operation: OperationInfo) => TITLES[operation.name] ?? operation.name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().replace(/^./, (first) => first.toUpperCase());

function fits(name: string, { meta, selected, view }: Situation): boolean {
  if (name === "deleteRows") return selected.rows.length > 0;
  if (name === "keepRows" || name === "dropRows") return isNarrowed(view);
  if (["deduplicate", "sortRows", "derive"].includes(name)) return true;
  const columns = selected.columns.map((column) => meta.columnInfo[column]).filter((info) => info !== undefined);
  if (columns.length === 0) return false;
  if (name === "combineColumns") return columns.length > 1;
  if (columns.length > 1 && ONE_COLUMN.includes(name)) return false;
  if (MISSING_ONLY.includes(name) && columns.every((info) => info.invalidValues === 0)) return false;
  if (TEXT_ONLY.includes(name) && !columns.every((info) => info.dataType === "string")) return name === "parseDates" && columns[0]?.dataType === "int";
  if (NUMBER_ONLY.includes(name) && !columns.every((info) => isNumeric(info.dataType))) return false;
  return true;
}

function line(operation: OperationInfo, { meta, selected, viewRows }: Situation): string {
  const column = selected.columns[0] ?? "";
  const info = meta.columnInfo[column];
  const gaps = selected.columns.reduce((sum, name) => sum + (meta.columnInfo[name]?.invalidValues ?? 0), 0);
  const where = selected.columns.length > 1 ? `${selected.columns.length} columns` : column;
  switch (operation.name) {
    case "fillWithAverage":
      return isNumeric(info?.dataType ?? "") || isTime(info?.dataType ?? "") ? `${counted(gaps, "missing value")} in ${where}` : `${counted(gaps, "missing value")} in ${where} with the most frequent one`;
    case "fillWithCustomValue":
    case "fillDown":
    case "interpolate":
      return `${counted(gaps, "missing value")} in ${where}`;
    case "deleteRowsWithNA":
      return `${counted(gaps, "row")} of ${counted(meta.dataSize.rows, "row")}`;
    case "deleteRows":
      return counted(selected.rows.length, "row");
    case "keepRows":
      return `Keep ${counted(viewRows, "row")}, remove ${counted(meta.dataSize.rows - viewRows, "row")}`;
    case "dropRows":
      return `Remove ${counted(viewRows, "row")}, keep ${counted(meta.dataSize.rows - viewRows, "row")}`;
    case "deleteColumns":
      return selected.columns.length > 1 ? `${where} of ${meta.dataSize.columns}` : where;
    case "changeColumnDataType":
    case "parseDates":
      return `${column} is ${typeName(info?.dataType ?? "")} now`;
    case "combineColumns":
      return selected.columns.join(", ");
    case "deduplicate":
      return selected.columns.length > 0 ? `Rows that agree in ${where}` : "Rows that agree in all columns";
    default:
      return operation.summary;
  }
}

/** The operations to offer; a search looks at all that could fit something, by title, name and summary. */
export function offers(operations: OperationInfo[], situation: Situation, search: string): Offer[] {
  const wanted = search.trim().toLowerCase();
  const known = operations.filter((operation) => ORDER.includes(operation.name));
  const fitting = known.filter((operation) => fits(operation.name, situation));
  const found = wanted === "" ? fitting : known.filter((each) => `${titleOf(each)} ${each.name} ${each.summary}`.toLowerCase().includes(wanted) && each.name !== "deleteRows");
  return found
    .sort((one, other) => ORDER.indexOf(one.name) - ORDER.indexOf(other.name))
    .map((operation) => ({ operation, title: titleOf(operation), line: fitting.includes(operation) ? line(operation, situation) : operation.summary }));
}
