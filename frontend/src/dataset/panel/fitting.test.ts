import { describe, expect, it } from "vitest";
import { moviesByPlace as meta, operation, operations } from "../examples";
import { available } from "./catalogue";
import { everything, grouped, offers } from "./fitting";

const nothing = { columns: [], rows: [] };
const situation = { meta, selected: nothing, view: {}, viewRows: 10 };

describe("what can be done", () => {
  const wanted = ["fillWithAverage", "join", "addRows", "trimText", "sortRows"];
  const known = operations.filter((each) => wanted.includes(each.name));
  it("leaves out what the server has turned off, and has summing up", () => {
    const asked = [operation("join"), operation("executeCommand"), operation("aggregate")];
    expect(available(asked).map((each) => each.name)).toEqual(["join", "aggregate"]);
  });
  it("stands under headings", () => {
    expect(
      grouped(offers(known, situation, "")).map(([group, members]) => [
        group,
        members.map((each) => each.operation.name),
      ]),
    ).toEqual([
      ["Rows", ["sortRows", "addRows"]],
      ["Other tables", ["join"]],
    ]);
  });
  it("has everything, what fits first", () => {
    expect(
      everything(known, { ...situation, selected: { columns: ["Gross"], rows: [] } }).map((each) => [
        each.operation.name,
        each.isFitting,
      ]),
    ).toEqual([
      ["fillWithAverage", true],
      ["sortRows", true],
      ["addRows", true],
      ["join", true],
      ["trimText", false],
    ]);
  });
  it("is found by words that people use", () => {
    expect(offers(known, situation, "vlookup").map((each) => each.operation.name)).toEqual(["join"]);
  });
});
