import { describe, expect, it } from "vitest";
import { movies as meta, operation } from "../examples";
import { fieldAtFault, fieldsOf, isProblem, toParameters } from "./forms";

const column = { columnIndex: { "x-control": "column-index" }, column: { "x-control": "column" } };

describe("forms from schemas", () => {
  const fill = operation("fillWithAverage", { ...column, metric: { enum: ["mean", "median"], type: "string" } }, [
    "metric",
  ]);
  it("has each column once and starts with what is selected", () => {
    const fields = fieldsOf(fill, { columns: ["Gross"], rows: [] })!;
    expect(fields.map((field) => [field.name, field.control, field.initial])).toEqual([
      ["column", "column", "Gross"],
      ["metric", "enum", "mean"],
    ]);
    expect(toParameters(fields, { column: "Gross", metric: "median" }, meta)).toEqual({
      column: "Gross",
      metric: "median",
    });
  });
  it("names the field that is empty", () => {
    const fields = fieldsOf(fill, { columns: [], rows: [] })!;
    const found = toParameters(fields, { column: "", metric: "mean" }, meta);
    expect(isProblem(found) && found.field).toBe("column");
  });
  it("sends numbers as numbers, and edges as text", () => {
    const bins = fieldsOf(
      operation("discretize", { numberOfBins: { anyOf: [{ type: "integer" }, { type: "string" }] } }, ["numberOfBins"]),
      { columns: [], rows: [] },
    )!;
    expect(toParameters(bins, { numberOfBins: "5" }, meta)).toEqual({ numberOfBins: 5 });
    expect(toParameters(bins, { numberOfBins: "0,10" }, meta)).toEqual({ numberOfBins: "0,10" });
  });
  it("gives one replacement to all that is looked for, and refuses other numbers", () => {
    const fields = fieldsOf(
      operation("findReplace", { toReplace: { type: "array", items: {} }, replaceWith: { type: "array", items: {} } }, [
        "toReplace",
        "replaceWith",
      ]),
      { columns: [], rows: [] },
    )!;
    expect(toParameters(fields, { toReplace: "a\nb", replaceWith: "c" }, meta)).toEqual({
      toReplace: ["a", "b"],
      replaceWith: ["c", "c"],
    });
    expect(isProblem(toParameters(fields, { toReplace: "a\nb\nd", replaceWith: "c\ne" }, meta))).toBe(true);
  });
  it("has no form where a parameter has no control", () => {
    expect(
      fieldsOf(operation("warp", { field: { type: "string", "x-control": "hologram" } }, ["field"]), {
        columns: [],
        rows: [],
      }),
    ).toBeNull();
  });
  it("finds the field that a sentence is about", () => {
    const fields = fieldsOf(fill, { columns: [], rows: [] })!;
    expect(fieldAtFault(fields, "metric: input should be 'mean'")).toBe("metric");
    expect(fieldAtFault(fields, "something else")).toBeUndefined();
  });
});
