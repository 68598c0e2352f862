import { describe, expect, it } from "vitest";
import { madeUp, movies as meta, operation, operations } from "../examples";
import { fieldAtFault, fieldsOf, isProblem, toParameters } from "./forms";

describe("forms from schemas", () => {
  const fill = operation("fillWithAverage");
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
    const bins = fieldsOf(operation("discretize"), { columns: ["Gross"], rows: [] })!;
    const values = { column: "Gross", cutMode: "quantiling" };
    expect(toParameters(bins, { ...values, numberOfBins: "5" }, meta)).toEqual({ ...values, numberOfBins: 5 });
    expect(toParameters(bins, { ...values, numberOfBins: "0,10" }, meta)).toEqual({ ...values, numberOfBins: "0,10" });
  });
  it("gives one replacement to all that is looked for, and refuses other numbers", () => {
    const fields = fieldsOf(operation("findReplace"), { columns: ["Title"], rows: [] })!;
    const pairs = (toReplace: string, replaceWith: string) =>
      toParameters(fields, { column: "Title", toReplace, replaceWith, matchRegex: false }, meta);
    expect(pairs("a\nb", "c")).toEqual({
      column: "Title",
      matchRegex: false,
      toReplace: ["a", "b"],
      replaceWith: ["c", "c"],
    });
    expect(isProblem(pairs("a\nb\nd", "c\ne"))).toBe(true);
    expect(pairs("a", "")).toMatchObject({ replaceWith: [""] });
  });
  it("has no form where a parameter has no control", () => {
    expect(
      fieldsOf(madeUp({ field: { type: "string", "x-control": "hologram" } }, ["field"]), { columns: [], rows: [] }),
    ).toBeNull();
  });
  it("makes do with what an operation of somebody's own says", () => {
    const schema = { maxWords: { type: "integer", title: "Maxwords", description: "at most so many" } };
    const lists = { stopWords: { type: "array", items: { type: "string" }, title: "Stopwords" } };
    expect(
      fieldsOf(madeUp({ ...schema, ...lists }), { columns: [], rows: [] })!.map(({ label, hint, control }) => [
        label,
        hint,
        control,
      ]),
    ).toEqual([
      ["Max words", "At most so many", "number"],
      ["Stop words", "", "lines"],
    ]);
  });
  it("finds the field that a sentence is about", () => {
    const fields = fieldsOf(fill, { columns: [], rows: [] })!;
    expect(fieldAtFault(fields, "metric: input should be 'mean'")).toBe("metric");
    expect(fieldAtFault(fields, "something else")).toBeUndefined();
  });
  it("has one for each operation of the server, with a label at each control", () => {
    for (const each of operations.filter((found) => !found.fits.view)) {
      const fields = fieldsOf(each, { columns: ["Title", "Gross"], rows: [1] });
      expect(fields, each.name).not.toBeNull();
      const named = fields!.map((field) => field.name);
      const declared = Object.keys((each.parameters as { properties: object }).properties);
      expect(declared.filter((name) => !named.includes(name) && !/^columnInd/.test(name))).toEqual([]);
      for (const { label, choices } of fields!) {
        expect(label).toMatch(/^[A-Z][^{}_]+$/);
        expect((choices ?? []).filter((choice) => choice.label === "")).toEqual([]);
      }
    }
  });
});
