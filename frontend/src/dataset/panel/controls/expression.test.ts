import { describe, expect, it } from "vitest";
import type { Metadata } from "../../../api/rest";
import { complete, completions, functionAround, spelled } from "./expression";

const meta = {
  columns: ["Title", "Gross", "Made in"],
  dataSize: { rows: 10, columns: 3 },
  columnInfo: {
    Title: { index: 0, dataType: "string", invalidValues: 0 },
    Gross: { index: 1, dataType: "int", invalidValues: 3 },
    "Made in": { index: 2, dataType: "string", invalidValues: 0 },
  },
} as unknown as Metadata;

describe("help with expressions", () => {
  const functions = [
    { usage: "ROUND(number[, digits])", summary: "rounds" },
    { usage: "YEAR(date)", summary: "the year" },
  ];
  it("completes columns, with quotes where they need them, and functions", () => {
    expect(spelled("Made in")).toBe('"Made in"');
    expect(completions("ROUND(gro", 9, meta.columns, functions).map((each) => each.text)).toEqual(["Gross"]);
    expect(completions('"ma', 3, meta.columns, functions).map((each) => each.text)).toEqual(['"Made in"']);
    expect(completions("rou", 3, meta.columns, functions).map((each) => each.text)).toEqual(["ROUND("]);
    expect(completions("'gro", 4, meta.columns, functions)).toEqual([]);
    expect(complete('1 + "ma', 7, { text: '"Made in"', kind: "column", help: "" })).toEqual({
      text: '1 + "Made in"',
      caret: 13,
    });
    expect(complete('"ma"', 3, { text: '"Made in"', kind: "column", help: "" }).text).toBe('"Made in"');
  });
  it("knows the function around the caret", () => {
    expect(functionAround("1 + round(a, (b + c), ", 22, functions)?.summary).toBe("rounds");
    expect(functionAround("round(a)", 8, functions)).toBeUndefined();
  });
});
