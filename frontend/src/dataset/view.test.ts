import { describe, expect, it } from "vitest";
import type { Metadata } from "../api/rest";
import { chips, fitView, pageParameters, viewParameters } from "./view";

const meta = {
  columns: ["Title", "Gross"],
  dataSize: { rows: 10, columns: 2 },
  columnInfo: {
    Title: { index: 0, dataType: "string", invalidValues: 0 },
    Gross: { index: 1, dataType: "int", invalidValues: 3 },
  },
} as unknown as Metadata;
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
