import { describe, expect, it } from "vitest";
import { fateOf } from "./cells";
import type { Preview } from "./session";

describe("what a preview does to a cell", () => {
  const seen = (then: unknown, after?: string) =>
    ({
      data: { index: [0], columns: ["a"], data: [[then]] },
      byRow: new Map([[0, [then]]]),
      retypedColumns: after ? [{ column: "a", before: "string", after }] : [],
    }) as unknown as Preview;
  const fate = (before: unknown, then: unknown, after?: string, dataType = "string") =>
    fateOf(seen(then, after), { number: 0, values: [before] }, "a", before, dataType).kind;

  it("is a loss where a value becomes missing, and only there", () => {
    expect(fate("x", null)).toBe("lost");
    expect(fate("x", null, "int")).toBe("lost");
    expect(fate(null, null)).toBe("stays");
    expect(fate(null, "x")).toBe("changed");
  });
  it("is no change where only the type is another", () => {
    expect(fate("5", 5, "int")).toBe("stays");
    expect(fate("2020-05-17", "2020-05-17T00:00:00Z", "datetime")).toBe("changed");
    expect(fate("2020-05-17", "2020-05-17", "date")).toBe("stays");
    expect(fate(5, "5", "string", "int")).toBe("stays");
    expect(fate("05", 5, "int")).toBe("changed");
    expect(fate("5", "6")).toBe("changed");
  });
  it("is nothing for columns that the preview does not touch", () => {
    expect(fateOf(seen(1), { number: 0, values: [2] }, "b", 2, "int").kind).toBe("stays");
    expect(fateOf(undefined, { number: 0, values: [2] }, "a", 2, "int").kind).toBe("stays");
  });
});
