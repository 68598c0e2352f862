import { describe, expect, it } from "vitest";
import { movies as meta, operation } from "../examples";
import { offers } from "./fitting";

describe("what is offered", () => {
  const operations = ["fillWithAverage", "trimText", "deleteRows", "keepRows", "renameColumn"].map((name) =>
    operation(name, {}),
  );
  const names = (columns: string[], rows: number[] = [], search = "") =>
    offers(operations, { meta, selected: { columns, rows }, view: {}, viewRows: 10 }, search).map(
      (offer) => offer.operation.name,
    );
  it("fits the selection", () => {
    expect(names([])).toEqual([]);
    expect(names(["Title"])).toEqual(["trimText", "renameColumn"]);
    expect(names(["Gross"], [1])).toEqual(["fillWithAverage", "renameColumn", "deleteRows"]);
  });
  it("is found by its words whatever is selected", () => {
    expect(names([], [], "blank")).toEqual(["trimText"]);
  });
  it("says what it will do to this table", () => {
    expect(
      offers(operations, { meta, selected: { columns: ["Gross"], rows: [] }, view: {}, viewRows: 10 }, "")[0]?.line,
    ).toBe("3 missing values in Gross");
  });
});
