import { describe, expect, it } from "vitest";
import { metadata } from "./examples";
import { readRows } from "./newrows";

const meta = metadata({ Title: ["string"], Gross: ["int", 3], "Made in": ["string"] });

describe("rows that are typed or pasted", () => {
  it("go by the table's columns, or by a first line of their names", () => {
    expect(readRows("Ran\t1\tJapan\nIkiru\t\tJapan\n", meta.columns)).toEqual({
      rows: [
        { Title: "Ran", Gross: "1", "Made in": "Japan" },
        { Title: "Ikiru", "Made in": "Japan" },
      ],
    });
    expect(readRows("Made in,Title\nJapan,Ran", meta.columns)).toEqual({
      rows: [{ "Made in": "Japan", Title: "Ran" }],
    });
  });
  it("say which line has too many values", () => {
    expect(readRows("a,b,c\nd,e,f,g", meta.columns)).toEqual({ problem: "Line 2 has 4 values for 3 columns" });
    expect(readRows(" \n", meta.columns)).toEqual({ problem: "Type or paste a row" });
  });
});
