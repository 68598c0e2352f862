import { describe, expect, it } from "vitest";
import { effectOf } from "./effects";

describe("effects in words", () => {
  const seen = { rows: 10, changedCells: null, newColumns: [], removedColumns: [], facts: {} };
  it("tells of a join what matches before anything is joined", () => {
    const facts = { matched: 7, unmatched: 3, otherUnmatched: 1, duplicateKeys: 2, rowsBefore: 10, rowsAfter: 14 };
    expect(
      effectOf("join", { ...seen, newColumns: ["Land"], facts }, 10, "cities.csv").notes.map((note) => note.text),
    ).toEqual([
      "7 of 10 rows match",
      "3 rows find nothing in cities.csv",
      "1 row of cities.csv finds nothing here",
      "2 keys stand in several rows of cities.csv, so rows may multiply: 10 become 14",
    ]);
  });
  it("tells of an append where the tables differ", () => {
    const facts = {
      onlyHere: ["a"],
      onlyThere: [],
      typesDiffer: [{ column: "b", here: "int", there: "string", became: "string" }],
    };
    expect(effectOf("appendFile", { ...seen, rows: 15, facts }, 10).notes.map((note) => note.text)).toEqual([
      "Only here, so missing in the new rows: a",
      "b is whole number here and text there; it becomes text",
    ]);
    expect(effectOf("appendFile", { ...seen, rows: 15 }, 10).text).toBe("Adds 5 rows.");
  });
});
