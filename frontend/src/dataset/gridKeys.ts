/** The grid's keys, clipboard, wheel and long press, beside what AG Grid does by itself. */
import type { GridApi } from "ag-grid-community";
import { toast } from "../parts/toasts";
import type { Row } from "./cells";
import { oneValue, toTsv } from "./tsv";

const ROW_HEIGHT = 28;
const LONG_PRESS_MILLISECONDS = 550;
/** A finger that moved by less is still there. */
const STILL = 10;

export interface Cell {
  row: Row;
  column: string;
  value: unknown;
}

export interface Hands {
  grid: GridApi<Row>;
  columns: () => string[];
  rows: () => number;
  valueIn: (row: Row, column: string) => unknown;
  edit: (row: Row, column: string, before: unknown, typed: string) => void;
  openMenu: (cell: Cell, at: DOMRect) => void;
  goToRow: () => void;
}

/** Follows the events of the grid's place; returns what ends it. */
export function handle(place: HTMLElement, hands: Hands): () => void {
  const ends = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    run: (event: HTMLElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ) => place.addEventListener(name, run, { signal: ends.signal, ...options });
  on("keydown", (event) => onKey(event, hands), { capture: true });
  on("copy", (event) => onCopy(event, hands));
  on("paste", (event) => onPaste(event, hands));
  on("contextmenu", (event) => {
    const found = cellAt(event.target, hands);
    if (!found) return;
    event.preventDefault();
    hands.openMenu(found.cell, found.box);
  });
  on("wheel", wheel(place, hands), { passive: false });
  followLongPress(on, hands);
  return () => ends.abort();
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== "checkbox");

function onKey(event: KeyboardEvent, { grid, columns, rows, goToRow }: Hands): void {
  if (isTyping(event.target) || !(event.target instanceof Element)) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "g") goToRow();
  else if (event.target.closest(".ag-cell") && (event.key === "Home" || event.key === "End")) {
    const focused = grid.getFocusedCell();
    const column = event.key === "Home" ? columns()[0] : columns().at(-1);
    if (!focused || !column || rows() === 0) return;
    const at = !isCommand ? focused.rowIndex : event.key === "Home" ? 0 : rows() - 1;
    grid.ensureIndexVisible(at);
    grid.ensureColumnVisible(column);
    grid.setFocusedCell(at, column);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function focusedCell({ grid, valueIn }: Hands): Cell | undefined {
  const focused = grid.getFocusedCell();
  const row = focused && grid.getDisplayedRowAtIndex(focused.rowIndex)?.data;
  if (!row) return undefined;
  const column = focused.column.getColId();
  return { row, column, value: valueIn(row, column) };
}

function onCopy(event: ClipboardEvent, hands: Hands): void {
  if (isTyping(event.target)) return;
  const rows = hands.grid
    .getSelectedNodes()
    .flatMap((node) => (node.data ? [node.data] : []))
    .sort((one, other) => one.number - other.number);
  const cell = focusedCell(hands);
  if (rows.length > 0) {
    event.clipboardData?.setData(
      "text/plain",
      toTsv(rows.map((row) => hands.columns().map((column) => hands.valueIn(row, column)))),
    );
    toast(`${rows.length === 1 ? "The row is" : `${rows.length} rows are`} copied.`, { tone: "news" });
  } else if (cell) event.clipboardData?.setData("text/plain", toTsv([[cell.value]]));
  else return;
  event.preventDefault();
}

function onPaste(event: ClipboardEvent, hands: Hands): void {
  if (isTyping(event.target)) return;
  const cell = focusedCell(hands);
  if (!cell || !hands.columns().includes(cell.column)) return;
  event.preventDefault();
  const typed = oneValue(event.clipboardData?.getData("text/plain") ?? "");
  if (typed === undefined)
    toast(
      "Several cells were copied. One value can be pasted into a cell; to bring in more, open them as a table of its own.",
      { tone: "failed" },
    );
  else hands.edit(cell.row, cell.column, cell.value, typed);
}

/** The cell that an element belongs to, with its place on the screen. */
function cellAt(
  target: EventTarget | null,
  { grid, columns, valueIn }: Hands,
): { cell: Cell; box: DOMRect } | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement>(".ag-cell") : null;
  const column = element?.getAttribute("col-id") ?? "";
  const at = Number(element?.closest("[row-index]")?.getAttribute("row-index") ?? -1);
  const row = at >= 0 ? grid.getDisplayedRowAtIndex(at)?.data : undefined;
  if (!element || !row || !columns().includes(column)) return undefined;
  grid.setFocusedCell(at, column);
  return { cell: { row, column, value: valueIn(row, column) }, box: element.getBoundingClientRect() };
}

/**
 * A browser cannot make a page as tall as ten million rows: the grid squeezes it, so that the scroll bar reaches them all.
 * The wheel then would leap over whole screens; here it moves by as many points as it says.
 */
function wheel(place: HTMLElement, { rows }: Hands): (event: WheelEvent) => void {
  let rest = 0;
  return (event) => {
    const viewport = place.querySelector<HTMLElement>(".ag-grid-viewport");
    if (!viewport || event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    const squeezed = (rows() * ROW_HEIGHT) / viewport.scrollHeight;
    if (squeezed <= 1.01) return;
    event.preventDefault();
    const unit =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE
        ? ROW_HEIGHT
        : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
          ? viewport.clientHeight
          : 1;
    if (Math.sign(rest) !== Math.sign(event.deltaY)) rest = 0;
    rest += (event.deltaY * unit) / squeezed;
    const step = Math.trunc(rest);
    rest -= step;
    viewport.scrollTop += step;
  };
}

/** Safari on a phone has no `contextmenu` for a finger that stays. */
function followLongPress(
  on: <K extends keyof HTMLElementEventMap>(name: K, run: (event: HTMLElementEventMap[K]) => void) => void,
  hands: Hands,
): void {
  let timer = 0;
  let from = { x: 0, y: 0 };
  const stop = () => clearTimeout(timer);
  on("pointerdown", (event) => {
    stop();
    if (event.pointerType !== "touch") return;
    const { target } = event;
    from = { x: event.clientX, y: event.clientY };
    timer = window.setTimeout(() => {
      const found = cellAt(target, hands);
      if (found) hands.openMenu(found.cell, found.box);
    }, LONG_PRESS_MILLISECONDS);
  });
  on("pointermove", (event) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL) stop();
  });
  for (const name of ["pointerup", "pointercancel", "contextmenu"] as const) on(name, stop);
}
