import { describe, expect, it } from "vitest";
import type { History } from "../api/rest";
import { type Explained, inShort, linesOf, quote } from "./explain";
import { facts, frequent, timeSpec } from "./look";
import { initials, keepsRows, newsInWords, whatHappened } from "./together";
import { exact, oneValue, toTsv } from "./tsv";

const step = (position: number, operation: string, sentence: string, madeBy: string | null = null) => ({
  position,
  version: position,
  operation,
  sentence,
  madeBy,
  current: false,
  parameters: {},
  facts: {},
  created: 0,
  rows: 1,
  columns: 1,
  dropped: false,
});
function history(position: number, ...steps: ReturnType<typeof step>[]): History {
  return {
    position,
    version: position,
    steps: steps.map((each) => ({ ...each, current: each.position === position })),
  } as unknown as History;
}
const read = step(0, "import", "Read t.csv");
const filled = step(1, "fillWithAverage", "Filled 3 missing values", "Ann");
const sorted = step(2, "sortRows", "Sorted by name");

describe("what others did", () => {
  it("is told in words, with the name where it is known", () => {
    const before = history(0, read);
    const after = history(1, read, filled);
    const news = { sessionID: "s", requestID: "r", operation: "fillWithAverage", version: 1 };
    expect(newsInWords(news, before, after)).toBe("Somebody else: Filled 3 missing values");
    expect(newsInWords({ ...news, madeBy: "Ann" }, before, after)).toBe("Ann: Filled 3 missing values");
    expect(newsInWords({ ...news, operation: "undo", madeBy: "Bob" }, after, history(0, read, filled))).toBe(
      "Bob took back: Filled 3 missing values",
    );
  });
  it("leaves the selection of rows only where numbers mean the same rows", () => {
    expect(keepsRows(history(0, read), history(1, read, filled))).toBe(true);
    expect(keepsRows(history(1, read, filled, sorted), history(2, read, filled, sorted))).toBe(false);
    expect(keepsRows(history(2, read, filled, sorted), history(1, read, filled, sorted))).toBe(false);
    expect(keepsRows(undefined, history(0, read))).toBe(false);
  });
  it("is summed up after a lost line", () => {
    expect(whatHappened(history(0, read), history(0, read))).toBe("Nothing changed meanwhile.");
    expect(whatHappened(history(0, read), history(1, read, filled))).toBe("Meanwhile Ann: Filled 3 missing values.");
    expect(whatHappened(history(0, read), history(2, read, filled, sorted))).toBe(
      "Meanwhile 2 steps happened; the last: Sorted by name.",
    );
    expect(whatHappened(history(1, read, filled), history(0, read, filled))).toBe("1 step was taken back meanwhile.");
  });
  it("is signed with two letters", () => {
    expect(["Ann Miller", "bob", "é.ü@x.org", ""].map(initials)).toEqual(["AM", "BO", "ÉÜ", "?"]);
  });
});

describe("the clipboard", () => {
  it("carries exact values between tabs", () => {
    expect(
      toTsv([
        [1234567.891, null, "a\tb"],
        [true, 'say "x"', ""],
      ]),
    ).toBe('1234567.891\t\t"a\tb"\ntrue\t"say ""x"""\t');
    expect(exact({ a: 1 })).toBe('{"a":1}');
  });
  it("takes one value and no more", () => {
    expect(oneValue("plain\r\n")).toBe("plain");
    expect(oneValue('"two\nlines"')).toBe("two\nlines");
    expect(oneValue('"said"')).toBe('"said"');
    expect(oneValue("a\tb")).toBeUndefined();
    expect(oneValue("a\nb")).toBeUndefined();
  });
});

describe("where a cell comes from", () => {
  const place = (value: unknown, rowIndex: number, column = "price") => ({
    value,
    dataType: "float",
    column,
    rowIndex,
  });
  const explained = {
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
  } as unknown as Explained;
  it("is told in sentences, the file first", () => {
    expect(linesOf(explained, "t.csv").map((line) => line.said)).toEqual([
      "Line 4 of t.csv, column price: missing.",
      "It stood in row 2 before, now in row 1.",
      "It was missing and became 2; the column was called price before.",
    ]);
    expect(inShort(explained)).toBe("Steps changed what stands in the file.");
  });
  it("says so when a step made it, or nobody can tell", () => {
    const made = {
      ...explained,
      original: null,
      steps: [{ ...explained.steps[0]!, what: ["columnMade"], before: null, reads: [place(3, 0)] }],
    } as unknown as Explained;
    expect(linesOf(made, "t.csv").map((line) => line.said)).toEqual(["This step made it from price (3)."]);
    expect(inShort(made)).toContain("a step made it");
    const lost = {
      ...made,
      steps: [{ ...made.steps[0]!, what: ["unknown"], note: "code is not looked into" }],
    } as unknown as Explained;
    expect(linesOf(lost, "t.csv")[0]!.said).toBe("The cell cannot be followed further back: code is not looked into.");
    expect(inShort(lost)).toContain("cannot be followed");
  });
  it("quotes text, and cuts it where it is long", () => {
    expect([quote("a"), quote(1.5), quote(null), quote("x".repeat(99)).length]).toEqual(["“a”", "1.5", "missing", 63]);
  });
});

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
