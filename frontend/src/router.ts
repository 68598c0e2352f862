/** Addresses: `/` is the start, `/<30 hex digits>` a dataset, `?page=charts` a page of it. */
import { useSyncExternalStore } from "react";

export interface Route {
  dataset?: string;
  page: "table" | "charts";
  unknown?: boolean;
}

export function parseRoute(path: string, query: string): Route {
  const page = new URLSearchParams(query).get("page") === "charts" ? "charts" : "table";
  if (path === "/") return { page };
  const dataset = /^\/([0-9a-f]{30})\/?$/.exec(path)?.[1];
  return dataset ? { dataset, page } : { page, unknown: true };
}

const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
addEventListener("popstate", tell);

export function navigate(address: string): void {
  if (address === location.pathname + location.search) return;
  history.pushState(null, "", address);
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
