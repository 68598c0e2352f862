/**
 * Addresses: `/` is the start, `/<30 hex digits>` a dataset, `?page=` a page: of a dataset `charts` or `profile`, of the
 * server `jobs`, `files`, `stores` or `server`; `?open=` a file on the server that is to become one. What a page shows stands in the query as well (`&job=<id>`), so that
 * every state worth sending to somebody has an address.
 */
import { useSyncExternalStore } from "react";

export const AREAS = ["datasets", "jobs", "files", "stores", "server"] as const;
export type Area = (typeof AREAS)[number];
export const DATASET_PAGES = ["table", "profile", "charts"] as const;
export type DatasetPageName = (typeof DATASET_PAGES)[number];

export interface Route {
  area: Area;
  dataset?: string;
  page: DatasetPageName;
  query: URLSearchParams;
  unknown?: boolean;
}

export function parseRoute(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  const named = query.get("page") ?? "";
  const page = DATASET_PAGES.find((each) => each === named) ?? "table";
  if (path === "/") {
    const area = AREAS.find((each) => each === named);
    return { area: area ?? "datasets", page, query };
  }
  const dataset = /^\/([0-9a-f]{30})\/?$/.exec(path)?.[1];
  return { area: "datasets", dataset, page, query, unknown: dataset === undefined };
}

/** The address of a page of the server, with what it is to show. */
export function areaAddress(area: Area, shown: Record<string, string> = {}): string {
  if (area === "datasets") return "/";
  return `/?${new URLSearchParams({ page: area, ...shown })}`;
}

/** The address where a file on the server is looked at and made a dataset. */
export const openAddress = (open: string, path: string) => `/?${new URLSearchParams({ open, path })}`;

export const datasetAddress = (id: string, page: DatasetPageName = "table") =>
  page === "table" ? `/${id}` : `/${id}?page=${page}`;

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};
addEventListener("popstate", tell);

/** Go to an address of the workbench; `replace` leaves no entry for the way back. */
export function navigate(address: string, replace = false): void {
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  tell();
}

let cached: { address: string; route: Route } | undefined;
function current(): Route {
  const address = location.pathname + location.search;
  if (cached?.address !== address) cached = { address, route: parseRoute(location.pathname, location.search) };
  return cached.route;
}

export function useRoute(): Route {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}

/** A link that the page follows itself, unless the person wants a new tab. */
export function follow(event: React.MouseEvent, address: string): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  navigate(address);
}
