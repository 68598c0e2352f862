/** What is shown of a table: filter, search and sort, by the names of columns; as chips, and as the wire wants it. */
import type { Metadata } from "../api/rest";
import {
  allOf,
  conditionOf,
  emptyFacet,
  type Facet,
  facetKind,
  facetOf,
  facetWords,
  isChosen,
} from "./facets/conditions";

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
  /** Those that are open, whether something is chosen in them or not. */
  facets?: Facet[];
  /** Conditions that are no facet's, as somebody wrote them into the address. */
  conditions?: string[];
  search?: Search;
  sort?: Sort;
}

export const isNarrowed = (view: View) =>
  view.filter !== undefined || view.search !== undefined || whereOf(view) !== undefined;

/** The condition that facets and others make together. */
export function whereOf(view: View): string | undefined {
  return allOf([...(view.facets ?? []).flatMap((facet) => conditionOf(facet) ?? []), ...(view.conditions ?? [])]);
}

/** What to set to see every row again; facets stay open. */
export const showAll = (view: View): View => ({
  filter: undefined,
  search: undefined,
  conditions: undefined,
  facets: view.facets?.map((facet) => emptyFacet(facet.kind, facet.column)),
});

/** The view as one facet's counts see it: narrowed by everything but that facet. */
export const without = (view: View, facet: Facet): View => ({
  ...view,
  facets: view.facets?.filter((each) => each !== facet),
});

/** The view with another choice in the facet of a column; undefined closes the facet. */
export function withFacet(view: View, column: string, facet: Facet | undefined): View {
  const others = view.facets ?? [];
  const isOpen = others.some((each) => each.column === column);
  const facets =
    facet === undefined
      ? others.filter((each) => each.column !== column)
      : isOpen
        ? others.map((each) => (each.column === column ? facet : each))
        : [...others, facet];
  return { facets: facets.length > 0 ? facets : undefined };
}

/** What an address says of a view: each facet's condition, other conditions, and the facets in which nothing is chosen. */
export function viewQuery(view: View): [string, string][] {
  const facets = (view.facets ?? []).map((facet): [string, string] =>
    isChosen(facet) ? ["where", conditionOf(facet)!] : ["facet", facet.column],
  );
  return [...facets, ...(view.conditions ?? []).map((each): [string, string] => ["where", each])];
}

/** The facets and conditions of an address. */
export function readQuery(query: URLSearchParams, meta: Pick<Metadata, "columns" | "columnInfo">): View {
  const typeOf = (column: string) => meta.columnInfo[column]?.dataType;
  const facets: Facet[] = [];
  const conditions: string[] = [];
  for (const [name, text] of query) {
    if (name === "where") {
      const facet = facetOf(text, typeOf);
      if (facet && !facets.some((each) => each.column === facet.column)) facets.push(facet);
      else conditions.push(text);
    }
    const kind = name === "facet" ? facetKind(typeOf(text) ?? "") : undefined;
    if (kind && !facets.some((each) => each.column === text)) facets.push(emptyFacet(kind, text));
  }
  return { facets: facets.length > 0 ? facets : undefined, conditions: conditions.length > 0 ? conditions : undefined };
}

/** The view without columns that are gone, and without facets that no longer fit their column's type. */
export function fitView(view: View, columns: string[], typeOf?: (column: string) => string | undefined): View {
  const there = new Set(columns);
  const fitted: View = {};
  const filtered = view.filter?.columns.filter((name) => there.has(name)) ?? [];
  if (view.filter && filtered.length > 0) fitted.filter = { ...view.filter, columns: filtered };
  const facets =
    view.facets?.filter(
      (facet) => there.has(facet.column) && (!typeOf || facetKind(typeOf(facet.column) ?? "") === facet.kind),
    ) ?? [];
  if (facets.length > 0) fitted.facets = facets;
  if (view.conditions) fitted.conditions = view.conditions;
  if (view.search) fitted.search = { ...view.search, columns: view.search.columns.filter((name) => there.has(name)) };
  if (view.sort && there.has(view.sort.column)) fitted.sort = view.sort;
  return fitted;
}

/** Parameters of the filter, the condition and the search, which `keepRows`, `dropRows`, `metadata` and `data` share. */
export function viewParameters(view: View, meta: Pick<Metadata, "columns">): Record<string, unknown> {
  const indices = (names: string[]) => names.map((name) => meta.columns.indexOf(name)).filter((index) => index >= 0);
  const sent: Record<string, unknown> = {};
  if (view.filter) {
    sent.filterType = view.filter.type;
    sent.filterColumnIndices = indices(view.filter.columns);
    if (view.filter.type === "outliers") sent.outliersStdDev = view.filter.stdDev ?? 2;
  }
  const where = whereOf(view);
  if (where !== undefined) sent.where = where;
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

const list = (names: string[]) =>
  names.length <= 2 ? names.join(" and ") : `${names[0]} and ${names.length - 1} more`;

export interface Chip {
  part: string;
  text: string;
  /** What to set in the view to be rid of it. */
  removed: View;
}

export function chips(view: View): Chip[] {
  const found: Chip[] = [];
  if (view.filter) {
    const where = list(view.filter.columns);
    const said = { invalid: `${where} missing`, outliers: `outliers in ${where}`, duplicates: `repeated ${where}` };
    found.push({ part: "filter", text: said[view.filter.type], removed: { filter: undefined } });
  }
  for (const facet of view.facets ?? []) {
    if (isChosen(facet))
      found.push({
        part: `facet ${facet.column}`,
        text: facetWords(facet),
        removed: withFacet(view, facet.column, emptyFacet(facet.kind, facet.column)),
      });
  }
  for (const condition of view.conditions ?? []) {
    const others = view.conditions!.filter((each) => each !== condition);
    found.push({
      part: `condition ${condition}`,
      text: condition,
      removed: { conditions: others.length > 0 ? others : undefined },
    });
  }
  if (view.search) {
    const where = view.search.columns.length > 0 ? list(view.search.columns) : "any column";
    found.push({
      part: "search",
      text: `${where} ${view.search.isRegex ? "matches" : "contains"} “${view.search.query}”`,
      removed: { search: undefined },
    });
  }
  if (view.sort)
    found.push({
      part: "sort",
      text: `${view.sort.column} ${view.sort.ascending ? "smallest" : "greatest"} first`,
      removed: { sort: undefined },
    });
  return found;
}
