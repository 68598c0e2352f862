import { expect, test } from "vitest";
import { columnsOf, recordsOf, shown } from "./records";

test("columns stand in the order they appear, the wanted ones first", () => {
  const records = [
    { b: 1, a: "x" },
    { c: null, id: 3, b: 2 },
  ];
  expect(columnsOf(records, ["id"])).toEqual([
    { name: "id", isNumeric: true },
    { name: "b", isNumeric: true },
    { name: "a", isNumeric: false },
    { name: "c", isNumeric: false },
  ]);
});

test("a table is an array of objects or columns of one length", () => {
  expect(recordsOf([{ a: 1 }, { a: 2 }])).toHaveLength(2);
  expect(recordsOf({ a: [1, 2], b: ["x", "y"] })).toEqual([
    { a: 1, b: "x" },
    { a: 2, b: "y" },
  ]);
  for (const other of [[], [1], { a: [1], b: [1, 2] }, { a: 1 }, {}, "text", null])
    expect(recordsOf(other)).toBeUndefined();
});

test("values are written as a person reads them", () => {
  expect(shown("a")).toBe("a");
  expect(shown({ a: [1] })).toBe('{"a":[1]}');
});
