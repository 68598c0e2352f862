/** Tables and operations for tests, as the server describes them. */
import type { Metadata, OperationInfo } from "../api/rest";
import { emptyFacet, type ValuesFacet } from "./facets/conditions";

/** Of columns by name, each with its type and how many of its values are missing. */
export function metadata(columns: Record<string, [dataType: string, invalidValues?: number]>): Metadata {
  const infos = Object.entries(columns).map(([name, [dataType, invalidValues = 0]], index) => [
    name,
    { index, dataType, compatType: "string", invalidValues },
  ]);
  return {
    version: 1,
    undoAvailable: false,
    redoAvailable: false,
    columns: Object.keys(columns),
    dataSize: { rows: 10, columns: infos.length },
    columnInfo: Object.fromEntries(infos),
  };
}

export const operation = (name: string, properties: object = {}, required: string[] = [], enabled = true) =>
  ({
    name,
    aliases: [],
    summary: "Does it.",
    ordered: false,
    enabled,
    example: {},
    parameters: { properties, required },
  }) as OperationInfo;

export const movies = metadata({ Title: ["string"], Gross: ["int", 3] });
export const moviesByPlace = metadata({ Title: ["string"], Gross: ["int", 3], "Made in": ["string"] });
export const shop = metadata({
  city: ["string"],
  price: ["float", 3],
  day: ["date"],
  'odd "one"': ["string"],
  open: ["boolean"],
});

/** A facet of cities' values. */
export const cities = (part: Partial<ValuesFacet>): ValuesFacet => ({
  ...(emptyFacet("values", "city") as ValuesFacet),
  ...part,
});
