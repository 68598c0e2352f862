/** How a cell is drawn: missing as a dot, blanks at the ends shown, a previewed change before and after. */
import type { ICellRendererParams } from "ag-grid-community";
import { isNumeric, isoDay, visible } from "../parts/format";
import type { Preview, Session } from "./session";

export interface Row {
  /** The row's number in the table. */
  number: number;
  values: unknown[];
}

function part(className: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

function textOf(cell: unknown, dataType: string): string {
  if (isNumeric(dataType)) return number(cell);
  if (dataType !== "datetime") return isoDay(String(cell));
  return String(cell)
    .replace("T", " ")
    .replace(/(\.0+)?Z?$/, "");
}

const isMissing = (cell: unknown) => cell === null || cell === undefined;

/** What a preview does to a cell that is there already; of a column that gets another type, what is seen counts. */
export function fateOf(
  preview: Preview | undefined,
  row: Row,
  column: string,
  before: unknown,
  dataType: string,
): Fate {
  const at = preview?.data.columns.indexOf(column) ?? -1;
  const values = at >= 0 ? preview?.byRow.get(row.number) : undefined;
  if (!preview || !values) return { kind: "stays" };
  const then = values[at];
  const after = preview.retypedColumns.find((each) => each.column === column)?.after;
  const type = after ?? (typeof then === "number" ? "float" : dataType === "" ? "string" : dataType);
  if (then === before || (isMissing(then) && isMissing(before))) return { kind: "stays" };
  if (isMissing(then)) return { kind: "lost", then, type };
  const isSame = after !== undefined && !isMissing(before) && textOf(before, dataType) === textOf(then, type);
  return isSame ? { kind: "stays" } : { kind: "changed", then, type };
}

export type Fate = { kind: "stays" } | { kind: "lost" | "changed"; then: unknown; type: string };

function value(holder: HTMLElement, cell: unknown, dataType: string): void {
  if (isMissing(cell)) {
    const dot = part("missing", "•");
    dot.setAttribute("aria-label", "missing");
    dot.setAttribute("role", "img");
    holder.append(dot);
    return;
  }
  const text = textOf(cell, dataType);
  const { before, middle, after } = visible(text.length > 400 ? `${text.slice(0, 400)}…` : text);
  if (before) holder.append(part("blank", before));
  holder.append(middle);
  if (after) holder.append(part("blank", after));
  if (text === "") holder.append(part("blank", "empty"));
}

const number = (cell: unknown) =>
  typeof cell === "number" && !Number.isInteger(cell) ? String(Number(cell.toPrecision(10))) : String(cell);

/** A cell drawer for one column. */
export function drawer(session: Session, column: string, dataType: string) {
  return (params: ICellRendererParams<Row>): HTMLElement => {
    const holder = document.createElement("span");
    holder.className = "cell";
    const row = params.data;
    if (!row) {
      holder.append(part("skeleton", ""));
      return holder;
    }
    const { preview } = session.state;
    const fate = fateOf(preview, row, column, params.value, dataType);
    if (fate.kind !== "stays") {
      if (!preview?.newColumns.includes(column)) {
        const old = part(isMissing(params.value) ? "was none" : "was", "");
        value(old, params.value, dataType);
        holder.append(old);
      }
      const fresh = part(fate.kind === "lost" ? "becomes none" : "becomes", "");
      value(fresh, fate.then, fate.type);
      holder.append(fresh);
      return holder;
    }
    value(holder, params.value, dataType);
    return holder;
  };
}
