import { describe, expect, it } from "vitest";
import { shop as meta, cities as values } from "../examples";
import { allOf, conditionOf, emptyFacet, type Facet, facetOf } from "./conditions";

const typeOf = (column: string) => meta.columnInfo[column]?.dataType;

describe("conditions of facets", () => {
  const cases: [Facet, string][] = [
    [values({ values: ["Oslo"] }), `"city" IN ('Oslo')`],
    [values({ values: ["Oslo", "Rome"], missing: true }), `"city" IN ('Oslo', 'Rome') OR "city" IS NULL`],
    [values({ missing: true }), `"city" IS NULL`],
    [values({ missing: true, exclude: true }), `"city" IS NOT NULL`],
    [values({ values: ["Oslo"], exclude: true }), `"city" NOT IN ('Oslo') OR "city" IS NULL`],
    [values({ values: ["Oslo"], exclude: true, missing: true }), `"city" NOT IN ('Oslo')`],
    [
      values({ values: ["", "it's", "a, 'b'", "line\nbreak", "') OR TRUE --", "日本"] }),
      `"city" IN ('', 'it''s', 'a, ''b''', 'line\nbreak', ''') OR TRUE --', '日本')`,
    ],
    [values({ column: 'odd "one"', values: ['"'] }), `"odd ""one""" IN ('"')`],
    [values({ column: "open", values: [true] }), `"open" IN (TRUE)`],
    [{ kind: "number", column: "price", low: 1, high: 2.5, missing: "without" }, `"price" BETWEEN 1 AND 2.5`],
    [{ kind: "number", column: "price", low: -1e21, missing: "with" }, `"price" >= -1e+21 OR "price" IS NULL`],
    [{ kind: "number", column: "price", high: 1e-7, missing: "without" }, `"price" <= 1e-7`],
    [{ kind: "number", column: "price", missing: "without" }, `"price" IS NOT NULL`],
    [{ kind: "number", column: "price", missing: "only" }, `"price" IS NULL`],
    [
      { kind: "date", column: "day", low: "2020-01-01", high: "2020-12-31", missing: "without" },
      `"day" BETWEEN DATE '2020-01-01' AND DATE '2020-12-31'`,
    ],
  ];
  it.each(cases)("%j is written and read again", (facet, condition) => {
    expect(conditionOf(facet)).toBe(condition);
    expect(facetOf(condition, typeOf)).toEqual(facet);
  });
  it("takes a moment with its time", () => {
    const facet: Facet = { kind: "datetime", column: "at", low: "2020-01-01T10:00:00", missing: "without" };
    expect(conditionOf(facet)).toBe(`"at" >= TIMESTAMP '2020-01-01T10:00:00'`);
    expect(facetOf(conditionOf(facet)!, () => "datetime")).toEqual(facet);
  });
  it("reads no facet out of anything else", () => {
    for (const other of [
      `"city" = 'x'`,
      `"nix" IN ('a')`,
      `"price" IN ('a')`,
      `"city" IN ('a', 'a') AND TRUE`,
      `"city" IN (TRUE 'a')`,
      `"city" IN ('a') OR "price" IS NULL`,
      `"city" >= 1`,
      "",
      `city IN ('a')`,
    ])
      expect(facetOf(other, typeOf)).toBeUndefined();
  });
  it("shows everything while nothing is chosen", () => {
    for (const kind of ["values", "number", "date"] as const)
      expect(conditionOf(emptyFacet(kind, "city"))).toBeUndefined();
  });
  it("puts several between parentheses", () => {
    expect(allOf([])).toBeUndefined();
    expect(allOf(["a OR b"])).toBe("a OR b");
    expect(allOf(["a OR b", "c"])).toBe("(a OR b) AND (c)");
  });
});
