import { describe, expect, it } from "vitest";
import type { ColumnProfile } from "../session";
import { arranged, inWindow, noticesOf } from "./noticing";

describe("what is worth a look", () => {
  const column = (
    name: string,
    dataType: string,
    frequencies: [unknown, number][],
    part: object = {},
  ): ColumnProfile => ({
    name,
    index: 0,
    dataType,
    statistics: { invalid: 0, unique_count: frequencies.length, frequencies, ...part },
  });
  const words = (about: ColumnProfile, rows = 10) => noticesOf(about, rows).map((notice) => notice.words);
  it("is said in words", () => {
    expect(words(column("a", "string", [], { invalid: 10 }))).toEqual(["nothing but missing"]);
    expect(words(column("a", "int", [[1, 10]]))).toEqual(["one value only"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 1],
            [2, 1],
            [3, 1],
          ],
          { unique_count: 10 },
        ),
      ),
    ).toEqual(["all values differ"]);
    expect(
      words(
        column("a", "string", [
          ["x", 6],
          ["N/A", 2],
          ["-", 1],
          ["unknown", 1],
        ]),
      ),
    ).toEqual(["3 spellings of missing"]);
    expect(
      words(
        column("a", "string", [
          ["2020-01-02", 6],
          ["3.4.1999", 3],
          ["-", 1],
        ]),
      ),
    ).toEqual(["missing written as “-”", "looks like dates kept as text"]);
    expect(
      words(
        column("a", "string", [
          ["1,5", 6],
          ["$ 300", 4],
        ]),
      ),
    ).toEqual(["looks like numbers kept as text"]);
    expect(
      words(
        column("a", "string", [
          ["Oslo", 6],
          ["oslo ", 4],
        ]),
      ),
    ).toEqual(["blanks at the ends", "1 value differs only in capitals or blanks"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 5],
            [2, 5],
          ],
          { min: 1, "25%": 1, "75%": 2, max: 900 },
        ),
      ),
    ).toEqual(["values far above the others"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 5],
            [2, 5],
          ],
          { invalid: 6 },
        ),
      ),
    ).toEqual(["60% missing"]);
    expect(
      words(
        column("a", "string", [
          ["x", 5],
          ["y", 5],
        ]),
      ),
    ).toEqual([]);
    expect(words(column("a", "string", []), 0)).toEqual([]);
  });
  it("can be found and comes first", () => {
    const columns = [
      column("plain", "string", [
        ["x", 5],
        ["y", 5],
      ]),
      column("Gaps", "string", [
        ["x", 9],
        ["-", 1],
      ]),
    ];
    expect(arranged(columns, "", "notices", 10).map((each) => each.name)).toEqual(["Gaps", "plain"]);
    expect(arranged(columns, "missing", "table", 10).map((each) => each.name)).toEqual(["Gaps"]);
    expect(arranged(columns, "PLA", "table", 10).map((each) => each.name)).toEqual(["plain"]);
  });
  it("draws only the rows in sight", () => {
    expect(inWindow(5000, 0, 800, 50)).toEqual([0, 22]);
    expect(inWindow(5000, 100_000, 800, 50)).toEqual([1994, 2022]);
    expect(inWindow(3, 0, 800, 50)).toEqual([0, 3]);
  });
});
