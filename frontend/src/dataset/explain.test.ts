import { describe, expect, it } from "vitest";
import { type Explained, inShort, linesOf, quote } from "./explain";

describe("where a cell comes from", () => {
  const place = (value: unknown, rowIndex: number, column = "price") => ({
    value,
    dataType: "float",
    column,
    rowIndex,
  });
  const explained: Explained = {
    ...place(2, 0, "cost"),
    version: 2,
    original: { ...place(null, 1), line: 4, unit: "line" },
    steps: [
      {
        version: 1,
        operation: "sortRows",
        sentence: "Sorted by name",
        what: ["moved"],
        before: place(null, 1),
        after: place(null, 0),
        reads: [],
      },
      {
        version: 2,
        operation: "fillWithAverage",
        sentence: "Filled",
        what: ["changed", "renamed"],
        before: place(null, 0),
        after: place(2, 0, "cost"),
        reads: [],
      },
    ],
  };
  it("is told in sentences, the file first", () => {
    expect(linesOf(explained, "t.csv").map((line) => line.said)).toEqual([
      "Line 4 of t.csv, column price: missing.",
      "It stood in row 2 before, now in row 1.",
      "It was missing and became 2; the column was called price before.",
    ]);
    expect(inShort(explained)).toBe("Steps changed what stands in the file.");
  });
  it("says so when a step made it, or nobody can tell", () => {
    const made: Explained = {
      ...explained,
      original: null,
      steps: [{ ...explained.steps[0]!, what: ["columnMade"], before: null, reads: [place(3, 0)] }],
    };
    expect(linesOf(made, "t.csv").map((line) => line.said)).toEqual(["This step made it from price (3)."]);
    expect(inShort(made)).toContain("a step made it");
    const lost: Explained = {
      ...made,
      steps: [{ ...made.steps[0]!, what: ["unknown"], note: "code is not looked into" }],
    };
    expect(linesOf(lost, "t.csv")[0]!.said).toBe("The cell cannot be followed further back: code is not looked into.");
    expect(inShort(lost)).toContain("cannot be followed");
  });
  it("quotes text, and cuts it where it is long", () => {
    expect([quote("a"), quote(1.5), quote(null), quote("x".repeat(99)).length]).toEqual(["“a”", "1.5", "missing", 63]);
  });
});
