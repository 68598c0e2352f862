/** Bars of a histogram as stops of a slider, and what stands at a stop. */
import type { RangeFacet } from "./conditions";

type Edge = number | string;

/** What a bound at an edge of the histogram says; the outermost edges are no bounds. */
export function boundAt(
  kind: RangeFacet["kind"],
  dataType: string,
  edges: Edge[],
  stop: number,
  end: "low" | "high",
): Edge | undefined {
  if (end === "low" ? stop <= 0 : stop >= edges.length - 1) return undefined;
  const edge = edges[stop]!;
  if (kind === "number") {
    const number = Number(edge);
    if (dataType === "int") return end === "low" ? Math.ceil(number) : Math.floor(number);
    return Number(number.toPrecision(6));
  }
  return kind === "date" ? String(edge).slice(0, 10) : String(edge).slice(0, 19);
}

const position = (edge: Edge) =>
  typeof edge === "number"
    ? edge
    : Date.parse(
        /^\d{4}-\d\d-\d\d$/.test(edge) ? `${edge}T00:00:00Z` : /Z|[+-]\d\d:\d\d$/.test(edge) ? edge : `${edge}Z`,
      );

/** The stop nearest to a bound; the outermost one for none. */
export function stopOf(edges: Edge[], bound: Edge | undefined, end: "low" | "high"): number {
  if (bound === undefined) return end === "low" ? 0 : edges.length - 1;
  const wanted = position(bound);
  let best = 0;
  edges.forEach((edge, at) => {
    if (Math.abs(position(edge) - wanted) < Math.abs(position(edges[best]!) - wanted)) best = at;
  });
  return best;
}

/** A bound as somebody typed it; nothing for an empty field, null for what is none. */
export function readBound(kind: RangeFacet["kind"], typed: string): Edge | undefined | null {
  const text = typed.trim().replaceAll(",", kind === "number" ? "" : ",");
  if (text === "") return undefined;
  if (kind === "number") return Number.isFinite(Number(text)) ? Number(text) : null;
  const full = /^\d{4}$/.test(text) ? `${text}-01-01` : /^\d{4}-\d\d$/.test(text) ? `${text}-01` : text;
  if (Number.isNaN(Date.parse(full)) || !/^\d{4}-\d\d-\d\d/.test(full)) return null;
  if (kind === "date") return full.slice(0, 10);
  return full.length === 10 ? `${full}T00:00:00` : full.replace(" ", "T").replace(/Z$/, "");
}
