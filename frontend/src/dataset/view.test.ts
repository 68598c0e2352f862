import { describe, expect, it } from "vitest";
import { movies as meta } from "./examples";
import { chips, fitView, pageParameters, viewParameters } from "./view";

describe("the view", () => {
  const view = {
    filter: { type: "outliers" as const, columns: ["Gross", "Gone"] },
    search: { query: "x", isRegex: true, columns: [] },
    sort: { column: "Gone", ascending: true },
  };
  it("forgets columns that are gone", () => {
    expect(fitView(view, meta.columns)).toEqual({
      filter: { type: "outliers", columns: ["Gross"] },
      search: view.search,
    });
  });
  it("speaks the wire's names", () => {
    expect(
      pageParameters({ ...fitView(view, meta.columns), sort: { column: "Gross", ascending: false } }, meta),
    ).toEqual({
      filterType: "outliers",
      filterColumnIndices: [1],
      outliersStdDev: 2,
      searchQuery: "x",
      searchIsRegex: true,
      sortColumnIndex: 1,
      sortAscending: false,
    });
    expect(viewParameters({}, meta)).toEqual({});
  });
  it("reads as chips", () => {
    expect(
      chips({
        filter: { type: "invalid", columns: ["Gross"] },
        search: { query: "the", isRegex: false, columns: ["Title"] },
      }).map((chip) => chip.text),
    ).toEqual(["Gross missing", "Title contains “the”"]);
  });
});
