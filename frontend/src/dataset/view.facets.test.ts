import { describe, expect, it } from "vitest";
import { shop as meta, cities as values } from "./examples";
import { emptyFacet, type Facet, facetWords } from "./facets/conditions";
import {
  chips,
  fitView,
  isNarrowed,
  readQuery,
  type View,
  viewParameters,
  viewQuery,
  whereOf,
  withFacet,
  without,
} from "./view";

const typeOf = (column: string) => meta.columnInfo[column]?.dataType;

describe("facets in a view", () => {
  const price: Facet = { kind: "number", column: "price", low: 1, missing: "without" };
  const view: View = {
    facets: [values({ values: ["Oslo"], missing: true }), price, emptyFacet("date", "day")],
    conditions: ["price < 9"],
  };
  it("narrow together, and count without themselves", () => {
    expect(isNarrowed({ facets: [emptyFacet("date", "day")] })).toBe(false);
    expect(viewParameters(view, meta)).toEqual({
      where: `("city" IN ('Oslo') OR "city" IS NULL) AND ("price" >= 1) AND (price < 9)`,
    });
    expect(whereOf(without(view, price))).toBe(`("city" IN ('Oslo') OR "city" IS NULL) AND (price < 9)`);
  });
  it("stand in an address and are read from it", () => {
    const query = new URLSearchParams(viewQuery(view));
    expect(readQuery(new URLSearchParams(query.toString()), meta)).toEqual(view);
    expect(readQuery(new URLSearchParams("facet=nix&facet=day&facet=day"), meta)).toEqual({
      facets: [emptyFacet("date", "day")],
      conditions: undefined,
    });
  });
  it("stand as chips that take themselves away", () => {
    const found = chips(view);
    expect(found.map((chip) => chip.text)).toEqual(["city is Oslo or missing", "price from 1", "price < 9"]);
    expect(whereOf({ ...view, ...found[0]!.removed })).toBe(`("price" >= 1) AND (price < 9)`);
    expect(whereOf({ ...view, ...found[2]!.removed })).not.toContain("9");
  });
  it("go with their column, or when it is of another type now", () => {
    expect(fitView(view, ["city", "day"], typeOf).facets?.map((facet) => facet.column)).toEqual(["city", "day"]);
    expect(fitView(view, meta.columns, () => "string").facets?.map((facet) => facet.column)).toEqual(["city"]);
    expect(withFacet({ facets: [price] }, "price", undefined)).toEqual({ facets: undefined });
  });
  it("read as sentences", () => {
    expect(facetWords(values({ values: ["a", "b", "c", "d"], exclude: true }))).toBe("city is not a, b and 2 more");
    expect(facetWords({ kind: "date", column: "day", low: "2020-01-01", high: "2021-01-01", missing: "with" })).toBe(
      "day 2020-01-01 to 2021-01-01 or missing",
    );
    expect(facetWords({ kind: "date", column: "day", missing: "without" })).toBe("day is not missing");
  });
});
