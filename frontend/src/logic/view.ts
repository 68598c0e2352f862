/** What is shown of a table: filter, search and sort, by the names of columns; as chips, and as the wire wants it. */
import type { Metadata } from "../api/rest";

export type FilterType = "invalid" | "outliers" | "duplicates";
export interface Filter {
  type: FilterType;
  columns: string[];
  stdDev?: number;
}
export interface Search {
  query: string;
  isRegex: boolean;
  columns: string[];
}
export interface Sort {
  column: string;
  ascending: boolean;
}
export interface View {
  filter?: Filter;
  search?: Search;
  sort?: Sort;
}

export const isNarrowed = (view: View) => view.filter !== undefined || view.search !== undefined;

/** The view without columns that are gone. */
export function fitView(view: View, columns: string[]): View {
  const there = new Set(columns);
  const fitted: View = {};
  const filtered = view.filter?.columns.filter((name) => there.has(name)) ?? [];
  if (view.filter && filtered.length > 0) fitted.filter = { ...view.filter, columns: filtered };
  if (view.search) fitted.search = { ...view.search, columns: view.search.columns.filter((name) => there.has(name)) };
  if (view.sort && there.has(view.sort.column)) fitted.sort = view.sort;
  return fitted;
}

/** Parameters of the filter and the search, which `keepRows`, `dropRows`, `metadata` and `data` share. */
export function viewParameters(view: View, meta: Pick<Metadata, "columns">): Record<string, unknown> {
  const indices = (names: string[]) => names.map((name) => meta.columns.indexOf(name)).filter((index) => index >= 0);
  const sent: Record<string, unknown> = {};
  if (view.filter) {
    sent.filterType = view.filter.type;
    sent.filterColumnIndices = indices(view.filter.columns);
    if (view.filter.type === "outliers") sent.outliersStdDev = view.filter.stdDev ?? 2;
  }
  if (view.search) {
    sent.searchQuery = view.search.query;
    if (view.search.columns.length > 0) sent.searchColumnIndices = indices(view.search.columns);
    if (view.search.isRegex) sent.searchIsRegex = true;
  }
  return sent;
}

export function pageParameters(view: View, meta: Pick<Metadata, "columns">): Record<string, unknown> {
  const sent = viewParameters(view, meta);
  if (view.sort) {
    sent.sortColumnIndex = meta.columns.indexOf(view.sort.column);
    sent.sortAscending = view.sort.ascending;
  }
  return sent;
}

const list = (names: string[]) => (names.length <= 2 ? names.join(" and ") : `${names[0]} and ${names.length - 1} more`);

export interface Chip {
  part: keyof View;
  text: string;
}

export function chips(view: View): Chip[] {
  const found: Chip[] = [];
  if (view.filter) {
    const where = list(view.filter.columns);
    const said = { invalid: `${where} missing`, outliers: `outliers in ${where}`, duplicates: `repeated ${where}` };
    found.push({ part: "filter", text: said[view.filter.type] });
  }
  if (view.search) {
    const where = view.search.columns.length > 0 ? list(view.search.columns) : "any column";
    found.push({ part: "search", text: `${where} ${view.search.isRegex ? "matches" : "contains"} “${view.search.query}”` });
  }
  if (view.sort) found.push({ part: "sort", text: `${view.sort.column} ${view.sort.ascending ? "smallest" : "greatest"} first` });
  return found;
}
