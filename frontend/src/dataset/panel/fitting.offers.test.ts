import { describe, expect, it } from "vitest";
import { operations as all, movies as meta } from "../examples";
import { offers } from "./fitting";

describe("what is offered", () => {
  const wanted = ["fillWithAverage", "trimText", "deleteRows", "keepRows", "renameColumn"];
  const operations = all.filter((each) => wanted.includes(each.name));
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
