import { describe, expect, it } from "vitest";
import { match, rank } from "./ranking";

describe("finding by a few letters", () => {
  const titles = [
    "Split column",
    "Combine columns",
    "Sort for good",
    "Fill missing with an average",
    "Trim blanks",
    "Find and replace",
  ];
  const found = (query: string) => rank(query, titles, (title) => [title]).map((each) => each.item);
  it("puts whole beginnings first, then words, then letters", () => {
    expect(found("split")[0]).toBe("Split column");
    expect(found("col").slice(0, 2)).toEqual(["Split column", "Combine columns"]);
    expect(found("far")[0]).toBe("Find and replace");
    expect(found("fmwa")[0]).toBe("Fill missing with an average");
  });
  it("wants every word somewhere, in any order", () => {
    expect(found("average missing")).toEqual(["Fill missing with an average"]);
    expect(found("average nowhere")).toEqual([]);
    expect(found("")).toEqual(titles);
  });
  it("finds by other words too, below what is called so", () => {
    const commands = [
      { title: "Remove repeated rows", words: "unique duplicates" },
      { title: "Unique", words: "" },
    ];
    expect(rank("unique", commands, (each) => [each.title, each.words]).map((each) => each.item.title)).toEqual([
      "Unique",
      "Remove repeated rows",
    ]);
  });
  it("marks what was typed", () => {
    expect(match("col", ["Split column"])?.marks).toEqual([6, 7, 8]);
    expect(match("xyz", ["Split column"])).toBeUndefined();
  });
});
