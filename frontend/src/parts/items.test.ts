import { describe, expect, it, vi } from "vitest";
import { change, editable, filled, itemsOf, jsonProblem, Later, listNameProblem, typedValue } from "./items";

describe("items", () => {
  it("keep text as text, and read the rest as JSON", () => {
    expect(typedValue("12", "007")).toBe("12");
    expect(typedValue("12", 7)).toBe(12);
    expect(typedValue("007")).toBe("007");
    expect(typedValue("[1, 2]")).toEqual([1, 2]);
    expect(typedValue("yes", true)).toBe("yes");
  });
  it("are merged only where something changed", () => {
    const item = { id: 1, name: "Ann", age: 3, tags: ["a"] };
    expect(change(item, "name", "Ann")).toBeUndefined();
    expect(change(item, "tags", editable(item.tags))).toBeUndefined();
    expect(change(item, "name", "")).toEqual({ name: "" });
    expect(change(item, "age", "")).toEqual({ age: null });
    expect(change(item, "age", "4")).toEqual({ age: 4 });
    expect(change(item, "new", "")).toBeUndefined();
  });
  it("are made of filled fields, or of JSON", () => {
    expect(
      filled([
        ["a", "1"],
        [" b ", "x"],
        ["c", ""],
        ["", "lost"],
        ["id", "7"],
      ]),
    ).toEqual({ a: 1, b: "x", id: 7 }); // the server says why that cannot be
    expect(itemsOf('[{"a": 1}]')).toEqual([{ a: 1 }]);
    expect(() => itemsOf("{a")).toThrow("not JSON yet");
    expect(() => itemsOf("[1]")).toThrow("object");
    expect(() => itemsOf("[]")).toThrow("no item");
    expect(jsonProblem("{}")).toBeUndefined();
    expect(jsonProblem("{")).toBeTruthy();
    expect(listNameProblem("a/b")).toContain("slash");
  });
  it("go later, unless taken back, and at once when the page goes", () => {
    vi.useFakeTimers();
    const later = new Later();
    const [one, two, three] = [vi.fn(), vi.fn(), vi.fn()];
    later.in(8, one);
    later.in(8, two)();
    vi.advanceTimersByTime(7999);
    expect(one).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(one).toHaveBeenCalledExactlyOnceWith(false);
    later.in(8, three);
    later.flush();
    vi.advanceTimersByTime(10_000);
    expect(three).toHaveBeenCalledExactlyOnceWith(true);
    expect(two).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});
