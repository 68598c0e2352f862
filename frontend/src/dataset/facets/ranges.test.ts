import { describe, expect, it } from "vitest";
import { boundAt, readBound, stopOf } from "./ranges";

describe("ranges", () => {
  const edges = [0, 2.5, 5, 7.5, 10];
  it("has no bound at the ends", () => {
    expect(boundAt("number", "float", edges, 0, "low")).toBeUndefined();
    expect(boundAt("number", "float", edges, 4, "high")).toBeUndefined();
    expect(boundAt("number", "float", edges, 1, "low")).toBe(2.5);
    expect([boundAt("number", "int", edges, 1, "low"), boundAt("number", "int", edges, 1, "high")]).toEqual([3, 2]);
    expect(
      boundAt("date", "date", ["2020-01-01T00:00:00Z", "2020-01-08T12:00:00Z", "2020-02-01T00:00:00Z"], 1, "low"),
    ).toBe("2020-01-08");
  });
  it("finds the stop of a bound", () => {
    expect([
      stopOf(edges, undefined, "low"),
      stopOf(edges, undefined, "high"),
      stopOf(edges, 5.1, "low"),
      stopOf(edges, 99, "high"),
    ]).toEqual([0, 4, 2, 4]);
    expect(stopOf(["2020-01-01T00:00:00Z", "2020-01-08T12:00:00Z", "2020-02-01T00:00:00Z"], "2020-01-09", "low")).toBe(
      1,
    );
  });
  it("reads what is typed", () => {
    expect([readBound("number", "1,234.5"), readBound("number", ""), readBound("number", "much")]).toEqual([
      1234.5,
      undefined,
      null,
    ]);
    expect([
      readBound("date", "2020"),
      readBound("date", "2020-06-30"),
      readBound("date", "soon"),
      readBound("date", "2020-13-01"),
    ]).toEqual(["2020-01-01", "2020-06-30", null, null]);
    expect(readBound("datetime", "2020-06-30 12:30")).toBe("2020-06-30T12:30");
  });
});
