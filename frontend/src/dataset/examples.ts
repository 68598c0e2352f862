/** Tables and operations for tests, as the server describes them. */
import described from "../api/operations.json";
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

/** The operations as the server describes them; what its settings turn off is off. */
export const operations = described as OperationInfo[];

export function operation(name: string): OperationInfo {
  const found = operations.find((each) => each.name === name);
  if (!found) throw new Error(`no operation ${name}`);
  return found;
}

/** An operation that does not exist, with these parameters. */
export const madeUp = (properties: object, required: string[] = []): OperationInfo => ({
  ...operation("insertDuplicateColumn"),
  name: "warp",
  parameters: { properties, required },
});

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
