import { describe, expect, it } from "vitest";
import { effectOf } from "./effects";

describe("effects in words", () => {
  const seen = {
    rows: 10,
    changedCells: null,
    lostCells: null,
    retypedColumns: [],
    newColumns: [],
    removedColumns: [],
    facts: {},
  };
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
  it("tells what becomes missing by itself, and a change of type as such", () => {
    const retypedColumns = [{ column: "year", before: "string", after: "int" }];
    const typed = effectOf("changeColumnDataType", { ...seen, changedCells: 0, lostCells: 0, retypedColumns }, 10);
    expect([typed.text, typed.isSomething, typed.notes]).toEqual(["Changes year from text to whole number.", true, []]);
    const lossy = effectOf("changeColumnDataType", { ...seen, changedCells: 12, lostCells: 12, retypedColumns }, 10);
    expect([lossy.text, lossy.notes]).toEqual([
      "Changes year from text to whole number.",
      [{ text: "12 cells become missing", isLoss: true }],
    ]);
    const emptied = effectOf("emptyStringToNaN", { ...seen, changedCells: 1, lostCells: 1 }, 10);
    expect([emptied.text, emptied.isSomething, emptied.notes]).toEqual([
      "",
      true,
      [{ text: "1 cell becomes missing", isLoss: true }],
    ]);
    expect(effectOf("findReplace", { ...seen, changedCells: 5, lostCells: 2 }, 10).text).toBe("Changes 3 cells.");
    expect(effectOf("findReplace", { ...seen, changedCells: 0, lostCells: 0 }, 10).text).toBe("Changes no value.");
  });
});
