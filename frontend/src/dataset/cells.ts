/** How a cell is drawn: missing as a dot, blanks at the ends shown, a previewed change before and after. */
import type { ICellRendererParams } from "ag-grid-community";
import { isNumeric, isoDay, visible } from "../parts/format";
import type { Session } from "./session";

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

function value(holder: HTMLElement, cell: unknown, dataType: string): void {
  if (cell === null || cell === undefined) {
    const dot = part("missing", "•");
    dot.setAttribute("aria-label", "missing");
    dot.setAttribute("role", "img");
    holder.append(dot);
    return;
  }
  const text = isNumeric(dataType)
    ? number(cell)
    : dataType === "datetime"
      ? String(cell)
          .replace("T", " ")
          .replace(/(\.0+)?Z?$/, "")
      : isoDay(String(cell));
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
    const at = preview?.data.columns.indexOf(column) ?? -1;
    const then = at >= 0 ? preview?.byRow.get(row.number) : undefined;
    if (then && then[at] !== params.value) {
      if (!preview?.newColumns.includes(column)) {
        const old = part(params.value === null || params.value === undefined ? "was none" : "was", "");
        value(old, params.value, dataType);
        holder.append(old);
      }
      const fresh = part("becomes", "");
      value(fresh, then[at], typeof then[at] === "number" ? "float" : dataType === "" ? "string" : dataType);
      holder.append(fresh);
      return holder;
    }
    value(holder, params.value, dataType);
    return holder;
  };
}
