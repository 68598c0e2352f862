import { describe, expect, it } from "vitest";
import type { History } from "../api/rest";
import { operations } from "./examples";
import { initials, keepsRows, newsInWords, whatHappened } from "./together";

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
  };
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
    const keeps = (before: History | undefined, after: History) => keepsRows(before, after, operations);
    expect(keeps(history(0, read), history(1, read, filled))).toBe(true);
    expect(keeps(history(1, read, filled, sorted), history(2, read, filled, sorted))).toBe(false);
    expect(keeps(history(2, read, filled, sorted), history(1, read, filled, sorted))).toBe(false);
    expect(keeps(undefined, history(0, read))).toBe(false);
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
