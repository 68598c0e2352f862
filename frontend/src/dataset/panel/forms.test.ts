import { describe, expect, it } from "vitest";
import { moviesByPlace as meta, operation } from "../examples";
import { fieldAtFault, fieldsOf, guessKeys, isProblem, isShown, toParameters, toValues } from "./forms";

const nothing = { columns: [], rows: [] };

describe("forms for everything", () => {
  const join = operation("join");
  it("asks for the other table, then for its keys", () => {
    const fields = fieldsOf(join, nothing)!;
    expect(fields.map((field) => field.control)).toEqual(["session", "keys", "enum", "other-columns", "text"]);
    expect(toParameters(fields, { otherSessionID: "", keys: [] }, meta)).toEqual({
      field: "otherSessionID",
      message: "Choose a table",
    });
    const half = toParameters(
      fields,
      { otherSessionID: "a", keys: [{ column: "Title", otherColumn: "" }], columns: null },
      meta,
    );
    expect(isProblem(half) && half.field).toBe("keys");
    expect(
      toParameters(
        fields,
        { otherSessionID: "a", keys: [{ column: "Title", otherColumn: "Name" }], how: "left", columns: null },
        meta,
      ),
    ).toEqual({ otherSessionID: "a", keys: [{ column: "Title", otherColumn: "Name" }], how: "left" });
  });
  it("guesses the key, of what is selected first", () => {
    expect(guessKeys(meta.columns, [], ["made_in", "title"])).toEqual([{ column: "Title", otherColumn: "title" }]);
    expect(guessKeys(meta.columns, ["Made in"], ["made_in", "title"])).toEqual([
      { column: "Made in", otherColumn: "made_in" },
    ]);
    expect(guessKeys(meta.columns, ["Gross"], ["x"])).toEqual([{ column: "Gross", otherColumn: "" }]);
  });
  it("merges values, as numbers where the column holds numbers", () => {
    const fields = fieldsOf(operation("mergeValues"), nothing)!;
    const merges = [
      { from: ["1", "2"], to: "3" },
      { from: [], to: "" },
    ];
    expect(toParameters(fields, { column: "Gross", merges }, meta)).toEqual({
      column: "Gross",
      merges: [{ from: [1, 2], to: 3 }],
    });
    expect(toParameters(fields, { column: "Title", merges: [{ from: ["1"], to: "" }] }, meta)).toEqual({
      column: "Title",
      merges: [{ from: ["1"], to: null }],
    });
    expect(isProblem(toParameters(fields, { column: "Title", merges: [{ from: [], to: "x" }] }, meta))).toBe(true);
  });
  it("counts rows from 1 where people see them, and puts new ones at the end", () => {
    const fields = fieldsOf(operation("insertRow"), { columns: [], rows: [4] })!;
    expect(fields[0]?.initial).toBe("5");
    expect(toParameters(fields, { rowIndex: "5", values: { Title: "Ran", Gross: "" } }, meta)).toEqual({
      rowIndex: 4,
      values: { Title: "Ran" },
    });
    expect(toParameters(fields, { rowIndex: "", values: {} }, meta)).toEqual({ rowIndex: 10, values: {} });
    expect(isProblem(toParameters(fields, { rowIndex: "0", values: {} }, meta))).toBe(true);
  });
  it("sums up without any choice, and shows only what matters", () => {
    const fields = fieldsOf(operation("aggregate"), nothing)!;
    expect(fields.map((field) => [field.name, field.control, field.required])).toEqual([
      ["by", "columns", false],
      ["aggregates", "measures", false],
      ["countRows", "boolean", false],
    ]);
    const type = fieldsOf(operation("changeColumnDataType"), nothing)!;
    const values = { column: "Title", newDataType: "int", dateFormat: "%Y" };
    expect(isShown(type.find((field) => field.name === "dateFormat")!, values)).toBe(false);
    expect(toParameters(type, values, meta)).toEqual({ column: "Title", newDataType: "int" });
  });
  it("shows a step's parameters by the names of its columns", () => {
    const fields = fieldsOf(operation("fillDown"), nothing)!;
    const named = ["columnFrom", "columnTo"].map((parameter) => ({ parameter, name: "Gross" }));
    expect(toValues(fields, { columnFrom: 7, columnTo: 7, method: "pad" }, named)).toEqual({
      columnFrom: "Gross",
      columnTo: "Gross",
      method: "pad",
    });
    const one = fieldsOf(operation("renameColumn"), nothing)!;
    expect(toValues(one, { columnIndex: 0, newName: "Film" }, [{ parameter: "columnIndex", name: "Title" }])).toEqual({
      column: "Title",
      newName: "Film",
    });
  });
});

it("finds the field that holds what a sentence quotes", () => {
  const fields = fieldsOf(operation("derive"), nothing)!;
  expect(
    fieldAtFault(fields, "no column 'Titel'; did you mean 'Title'?", { expression: "Titel || 'x'", newName: "a" }),
  ).toBe("expression");
  expect(fieldAtFault(fields, "no column 'other'", { expression: "a" })).toBeUndefined();
});
