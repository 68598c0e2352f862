import { describe, expect, it } from "vitest";
import { facts, frequent, timeSpec } from "./look";

describe("a look at a column", () => {
  it("says of each type what people ask for", () => {
    expect(facts("int", { unique_count: 3, min: 1, max: 9, "50%": 4, median: 4 })).toEqual([
      ["Different values", "3"],
      ["Smallest", "1"],
      ["Median", "4"],
      ["Greatest", "9"],
    ]);
    expect(
      facts("string", {
        unique_count: 2,
        word_total: 5,
        word_count_min: 1,
        word_count_max: 3,
        word_unique_count: 4,
        word_length_min: 2,
        word_length_max: 2,
      }),
    ).toContainEqual(["Words in a value", "1 to 3"]);
  });
  it("lists what comes more than once", () => {
    expect(
      frequent(
        [
          ["a", 2],
          ["b", 1],
        ],
        1,
      ),
    ).toEqual([{ value: "a", rows: 2 }]);
    expect(
      frequent(
        [
          ["a", 1],
          ["b", 1],
        ],
        10,
      ),
    ).toEqual([]);
    expect(frequent(undefined, 10)).toEqual([]);
  });
  it("draws days from the profile's bins", () => {
    const spec = timeSpec("When", { edges: ["2020-01-01", "2021-01-01", "2022-01-01"], counts: [3, 0] }, "#123456");
    expect(spec.data).toEqual({
      values: [
        { from: "2020-01-01", to: "2021-01-01", rows: 3 },
        { from: "2021-01-01", to: "2022-01-01", rows: 0 },
      ],
    });
  });
});
