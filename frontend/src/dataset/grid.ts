/** The grid: AG Grid over the `data` read, block by block, anywhere in the table. */
import {
  CellStyleModule,
  type ColDef,
  ColumnApiModule,
  createGrid,
  EventApiModule,
  type GridApi,
  type GridOptions,
  type IGetRowsParams,
  InfiniteRowModelModule,
  LargeTextEditorModule,
  ModuleRegistry,
  RenderApiModule,
  RowApiModule,
  RowSelectionModule,
  RowStyleModule,
  ScrollApiModule,
  type SuppressKeyboardEventParams,
  TextEditorModule,
  themeQuartz,
} from "ag-grid-community";
import { isNumeric } from "../parts/format";
import { hasLines, withLineEnds } from "../parts/lines";
import { failed, toast } from "../parts/toasts";
import { drawer, type Fate, fateOf, type Row } from "./cells";
import { type Changed, flash } from "./flash";
import { type Cell, handle } from "./gridKeys";
import { ColumnHeader, type HeaderExtra } from "./header";
import type { FirstPage, Session } from "./session";
import { fitWidth, rememberWidth, widthsOf } from "./widths";

ModuleRegistry.registerModules([
  CellStyleModule,
  ColumnApiModule,
  EventApiModule,
  InfiniteRowModelModule,
  RenderApiModule,
  RowApiModule,
  RowSelectionModule,
  RowStyleModule,
  ScrollApiModule,
  TextEditorModule,
  LargeTextEditorModule,
]);

export const BLOCK = 60;
const LONGEST_TEXT = 100_000_000;
const BUFFER = 4;
const CELLS_PER_BLOCK = 20_000;

const theme = themeQuartz.withParams({
  fontFamily: "var(--mono)",
  headerFontFamily: "var(--sans)",
  fontSize: 13,
  rowHeight: 28,
  headerHeight: 58,
  borderRadius: 0,
  wrapperBorderRadius: 0,
  wrapperBorder: false,
  backgroundColor: "var(--surface)",
  foregroundColor: "var(--ink)",
  headerBackgroundColor: "var(--raised)",
  borderColor: "var(--line)",
  accentColor: "var(--accent)",
  rowHoverColor: "var(--hover)",
  selectedRowBackgroundColor: "var(--accent-soft)",
  cellHorizontalPadding: 10,
  headerTextColor: "var(--ink)",
  oddRowBackgroundColor: "var(--surface)",
  columnBorder: true,
  spacing: 6,
  checkboxUncheckedBorderColor: "var(--quiet)",
  inputBackgroundColor: "var(--surface)",
  inputTextColor: "var(--ink)",
  browserColorScheme: "inherit",
});

export interface Around {
  openMenu: HeaderExtra["openMenu"];
  openCellMenu: (cell: Cell, at: DOMRect) => void;
  goToRow: () => void;
}
export interface Grid {
  /** Go to a row by its place among those shown, and focus it. */
  showRow: (at: number) => void;
  focusAgain: () => void;
  end: () => void;
}

/** Makes the grid; its first rows are there already, so that columns are as wide as their content from the beginning. */
export function makeGrid(
  place: HTMLElement,
  session: Session,
  first: FirstPage,
  { openMenu, openCellMenu, goToRow }: Around,
): Grid {
  const width = () => session.state.meta?.columns.length ?? 1;
  const widths = new Map(Object.entries(widthsOf(session.id)));
  const sample = new Map(
    (session.state.meta?.columns ?? []).map((name, at) => [name, first.data.map((row) => row[at])]),
  );
  const widthOf = (name: string): number => widths.get(name) ?? fitWidth(name, sample.get(name) ?? []);

  // A row that was drawn before its data came has no id, and the grid would throw it away and draw it again; with one it
  // fills it in place, which halves the time from a jump of the scroll bar to the rows.
  const keepDrawn = (from: number, to: number) => {
    const last = Math.min(to - 1, grid.getLastDisplayedRowIndex() + BUFFER);
    for (let at = Math.max(from, grid.getFirstDisplayedRowIndex() - BUFFER); at <= last; at++) {
      const node = grid.getDisplayedRowAtIndex(at);
      if (node && node.id === undefined) node.id = `waiting-${at}`;
    }
  };

  // What was drawn when somebody else's change came, by the row's number.
  let drawn = new Map<number, unknown[]>();
  const differences = (from: number, rows: Row[]): Changed[] => {
    const columns = session.state.meta?.columns ?? [];
    return rows.flatMap(({ number, values }, at) => {
      const old = drawn.get(number);
      return old
        ? columns.flatMap((column, index) => (old[index] === values[index] ? [] : [{ at: from + at, column }]))
        : [];
    });
  };

  const datasource = {
    getRows: (asked: IGetRowsParams) => {
      const { generation } = session.state;
      const isFirst =
        generation === first.generation &&
        asked.startRow === 0 &&
        first.index.length >= Math.min(asked.endRow, session.state.viewRows);
      const page = isFirst
        ? Promise.resolve({ index: first.index.slice(0, asked.endRow), data: first.data })
        : session.page(asked.startRow, asked.endRow - 1);
      page.then(
        (page) => {
          if (generation !== session.state.generation) return asked.failCallback();
          const rows: Row[] = page.index.map((number, at) => ({ number, values: page.data[at] ?? [] }));
          keepDrawn(asked.startRow, asked.endRow);
          const changed = session.state.isNews ? differences(asked.startRow, rows) : [];
          asked.successCallback(rows, session.state.viewRows);
          flash(place, changed);
        },
        (error: unknown) => {
          failed(error);
          asked.failCallback();
        },
      );
    },
  };

  const options: GridOptions<Row> = {
    theme,
    columnDefs: columnDefs(session, openMenu, widthOf),
    defaultColDef: {
      sortable: false,
      resizable: true,
      suppressHeaderMenuButton: true,
      width: 150,
      minWidth: 60,
      suppressKeyboardEvent: isPagesKey,
    },
    rowModelType: "infinite",
    datasource,
    cacheBlockSize: Math.max(20, Math.min(BLOCK, Math.floor(CELLS_PER_BLOCK / width()))),
    maxBlocksInCache: 16,
    maxConcurrentDatasourceRequests: 4,
    blockLoadDebounceMillis: 0,
    suppressAnimationFrame: true,
    suppressScrollOnNewData: true,
    scrollbarWidth: 10,
    infiniteInitialRowCount: Math.max(1, session.state.viewRows),
    rowBuffer: BUFFER,
    getRowId: (params) => String(params.data.number),
    rowSelection: { mode: "multiRow", checkboxes: true, headerCheckbox: false, enableClickSelection: false },
    selectionColumnDef: { pinned: "left", width: 34, minWidth: 34, resizable: false, suppressHeaderMenuButton: true },
    rowClassRules: { gone: ({ data }) => isGone(session, data) },
    readOnlyEdit: true,
    stopEditingWhenCellsLoseFocus: true,
    suppressDragLeaveHidesColumns: true,
    suppressMovableColumns: true,
    animateRows: false,
    suppressColumnMoveAnimation: true,
    ensureDomOrder: true,
    onSelectionChanged: ({ api }) =>
      session.store.set({
        rows: api
          .getSelectedNodes()
          .flatMap((node) => (node.data ? [node.data.number] : []))
          .sort((a, b) => a - b),
      }),
    onColumnResized: ({ finished, source, column }) => {
      if (!finished || source !== "uiColumnResized" || !column) return;
      widths.set(column.getColId(), column.getActualWidth());
      rememberWidth(session.id, column.getColId(), column.getActualWidth());
    },
    onCellEditRequest: ({ data, column, newValue, oldValue }) =>
      void edit(session, data, column.getColId(), oldValue, newValue),
    onCellKeyDown: ({ event, api }) => {
      if (event instanceof KeyboardEvent && event.key === "Escape") {
        api.deselectAll();
        session.store.set({ columns: [] });
      }
    },
  };
  const grid: GridApi<Row> = createGrid(place, options);

  session.rowsInView = () => {
    const rows: number[] = [];
    for (let at = grid.getFirstDisplayedRowIndex(); at <= grid.getLastDisplayedRowIndex() && rows.length < 200; at++) {
      const data = grid.getDisplayedRowAtIndex(at)?.data;
      if (data) rows.push(data.number);
    }
    return rows;
  };

  session.showColumn = (column) => grid.ensureColumnVisible(column, "middle");

  let seen = session.state;
  const stop = session.store.subscribe(() => {
    const now = session.state;
    const before = seen;
    seen = now;
    if (now.preview !== before.preview || shapeOf(now) !== shapeOf(before)) {
      const focused = place.contains(document.activeElement) ? grid.getFocusedCell() : null;
      grid.setGridOption("columnDefs", columnDefs(session, openMenu, widthOf));
      grid.refreshCells({ force: true });
      grid.redrawRows();
      if (focused) grid.setFocusedCell(focused.rowIndex, focused.column);
    }
    if (now.generation !== before.generation) {
      drawn = new Map(
        now.isNews
          ? grid.getRenderedNodes().flatMap(({ data }) => (data ? [[data.number, data.values] as const] : []))
          : [],
      );
      if (now.rows.length === 0) grid.deselectAll();
      const isOtherView = JSON.stringify(now.view) !== JSON.stringify(before.view);
      if (isOtherView) grid.purgeInfiniteCache();
      else grid.refreshInfiniteCache();
      grid.setRowCount(Math.max(now.viewRows, 0), true);
      if (isOtherView && now.viewRows > 0) grid.ensureIndexVisible(0, "top");
    }
    if (now.columns !== before.columns)
      grid.refreshCells({ columns: [...now.columns, ...before.columns], force: true });
  });

  const valueIn = (row: Row, column: string) => row.values[session.state.meta?.columnInfo[column]?.index ?? -1];
  const stopHands = handle(place, {
    grid,
    valueIn,
    goToRow,
    openMenu: openCellMenu,
    columns: () => session.state.meta?.columns ?? [],
    rows: () => session.state.viewRows,
    edit: (row, column, before, typed) => void edit(session, row, column, before, typed),
  });
  const fit = (event: MouseEvent) => {
    const column =
      event.target instanceof Element && event.target.closest(".ag-header-cell-resize")
        ? event.target.closest("[col-id]")?.getAttribute("col-id")
        : undefined;
    if (!column || !session.state.meta?.columnInfo[column]) return;
    const rows = grid.getRenderedNodes().flatMap((node) => (node.data ? [valueIn(node.data, column)] : []));
    const fitted = fitWidth(column, rows, 900);
    widths.set(column, fitted);
    rememberWidth(session.id, column, fitted);
    grid.setColumnWidths([{ key: column, newWidth: fitted }]);
  };
  place.addEventListener("dblclick", fit);

  const showRow = (at: number) => {
    const column = grid.getFocusedCell()?.column.getColId() ?? session.state.meta?.columns[0];
    grid.ensureIndexVisible(at, "middle");
    if (column) grid.setFocusedCell(at, column);
  };
  const focusAgain = () => {
    const focused = grid.getFocusedCell();
    if (focused) grid.setFocusedCell(focused.rowIndex, focused.column);
  };
  const end = () => {
    stop();
    stopHands();
    place.removeEventListener("dblclick", fit);
    session.rowsInView = () => [];
    session.showColumn = () => undefined;
    grid.destroy();
  };
  return { showRow, focusAgain, end };
}

/** Keys of the whole page: typed on a cell they would take the place of what stands in it. */
const isPagesKey = ({ event, editing }: SuppressKeyboardEventParams<Row>) =>
  !editing && !event.ctrlKey && !event.metaKey && ["/", "?"].includes(event.key);

const shapeOf = ({ meta }: Session["state"]) =>
  meta ? JSON.stringify(meta.columns.map((name) => [name, meta.columnInfo[name]?.dataType])) : "";

function isGone(session: Session, row: Row | undefined): boolean {
  const { preview } = session.state;
  return row !== undefined && preview?.shownRows.has(row.number) === true && !preview.byRow.has(row.number);
}

function columnDefs(
  session: Session,
  openMenu: HeaderExtra["openMenu"],
  widthOf: (name: string) => number,
): ColDef<Row>[] {
  const { meta, preview } = session.state;
  if (!meta) return [];
  const names = preview ? merged(meta.columns, preview.columns) : meta.columns;
  const numbers: ColDef<Row> = {
    colId: "\u0000number",
    headerName: "Row",
    pinned: "left",
    width: Math.max(52, 26 + 8 * String(meta.dataSize.rows).length),
    minWidth: 46,
    resizable: false,
    cellClass: "row-number",
    suppressHeaderMenuButton: true,
    valueGetter: ({ data }) => (data ? data.number + 1 : ""),
    headerClass: "row-number-head",
  };
  return [numbers, ...names.map((name) => ({ ...columnDef(session, openMenu, name), width: widthOf(name) }))];
}

/** The old columns with the new ones where they will stand. */
function merged(old: string[], next: string[]): string[] {
  const names = [...old];
  next.forEach((name, at) => {
    if (names.includes(name)) return;
    const before = at > 0 ? names.indexOf(next[at - 1]!) : -1;
    names.splice(before + 1, 0, name);
  });
  return names;
}

function columnDef(session: Session, openMenu: HeaderExtra["openMenu"], name: string): ColDef<Row> {
  const { meta, preview } = session.state;
  const info = meta?.columnInfo[name];
  const at = info?.index ?? -1;
  const dataType = info?.dataType ?? "";
  const extra: HeaderExtra = { session, openMenu };
  return {
    colId: name,
    headerName: name,
    headerComponent: ColumnHeader,
    headerComponentParams: extra,
    editable: info !== undefined && !preview,
    // A field of one line would join the lines of a text.
    cellEditorSelector: ({ value }) =>
      hasLines(value)
        ? { component: "agLargeTextCellEditor", popup: true, params: { maxLength: LONGEST_TEXT, rows: 8, cols: 48 } }
        : { component: "agTextCellEditor" },
    valueGetter: ({ data }) => (data && at >= 0 ? data.values[at] : null),
    cellRenderer: drawer(session, name, dataType),
    cellClass: isNumeric(dataType) ? "number" : undefined,
    cellClassRules: {
      "in-column": () => session.state.columns.includes(name),
      // Each rule costs every cell of every jump.
      ...(preview && {
        made: () => preview.newColumns.includes(name),
        goes: () => preview.removedColumns.includes(name),
        changed: ({ data }) => fate(session, data, name, at, dataType) === "changed",
        lost: ({ data }) => fate(session, data, name, at, dataType) === "lost",
      }),
    },
  };
}

function fate(session: Session, row: Row | undefined, name: string, at: number, dataType: string): Fate["kind"] {
  return row && at >= 0 ? fateOf(session.state.preview, row, name, row.values[at], dataType).kind : "stays";
}

export async function edit(session: Session, row: Row, column: string, before: unknown, typed: unknown): Promise<void> {
  const fresh = typed === null || typed === undefined ? "" : String(typed);
  const text = hasLines(before) ? withLineEnds(before, fresh) : fresh;
  if (text === String(before ?? "")) return;
  const { meta } = session.state;
  const parameters = {
    columnIndex: meta?.columnInfo[column]?.index,
    rowIndex: row.number,
    newValue: text === "" ? null : text,
  };
  try {
    await session.change("newCellValue", parameters, "Writing the cell");
  } catch (error) {
    toast((error as Error).message, {
      tone: "failed",
      action: {
        label: `Make ${column} text`,
        run: () => void session.change("newCellValue", { ...parameters, convert: true }).catch(failed),
      },
    });
  }
}
