import { describe, expect, it } from "vitest";
import { cities as values } from "../examples";
import { entriesOf } from "./choices";
import { allBut, also, only } from "./conditions";

describe("choosing values", () => {
  it("shows only one, and all again", () => {
    const one = only(values({}), "Oslo");
    expect(one.values).toEqual(["Oslo"]);
    expect(only(one, "Rome").values).toEqual(["Rome"]);
    expect(only(one, "Oslo").values).toEqual([]);
    expect(only(one, null)).toMatchObject({ values: [], missing: true });
    expect(only(only(one, null), null).missing).toBe(false);
  });
  it("adds and leaves out", () => {
    const two = also(also(values({}), "Oslo"), "Rome");
    expect(two).toMatchObject({ values: ["Oslo", "Rome"], exclude: false });
    expect(also(two, "Oslo").values).toEqual(["Rome"]);
    const out = allBut(two, "Oslo");
    expect(out).toMatchObject({ values: ["Oslo"], exclude: true });
    expect(allBut(out, null)).toMatchObject({ missing: true, exclude: true });
    expect(allBut(out, "Oslo")).toMatchObject({ values: [], exclude: false });
    expect(also(out, "Rome")).toMatchObject({ values: ["Rome"], exclude: false });
  });
  it("lists what is chosen although it is no longer counted", () => {
    const entries = entriesOf(
      values({ values: ["Oslo"] }),
      [
        ["Rome", 3],
        ["", 1],
      ],
      2,
      "",
      "rows",
    );
    expect(entries.map((entry) => [entry.value, entry.rows, entry.isChosen])).toEqual([
      ["Oslo", 0, true],
      ["Rome", 3, false],
      ["", 1, false],
      [null, 2, false],
    ]);
    expect(
      entriesOf(
        values({}),
        [
          ["b10", 3],
          ["B9", 1],
        ],
        0,
        "",
        "name",
      ).map((entry) => entry.value),
    ).toEqual(["B9", "b10"]);
    expect(
      entriesOf(
        values({}),
        [
          ["Rome", 3],
          ["Oslo", 1],
        ],
        0,
        "OS",
        "rows",
      ).map((entry) => entry.value),
    ).toEqual(["Oslo"]);
  });
});
