import { describe, expect, it } from "vitest";
import { guessDelimiter, kindOf, parse } from "./pasted";

describe("pasted text", () => {
  it("reads quotes, doubled quotes and line breaks inside them", () => {
    expect(parse('a,"b ""x"", c"\r\n"1\n2",3\n', ",", 9)).toEqual([
      ["a", 'b "x", c'],
      ["1\n2", "3"],
    ]);
  });
  it("finds the delimiter that cuts lines alike", () => {
    expect(guessDelimiter("a;b,c;d\n1;2;3\n4;5;6")).toBe(";");
    expect(guessDelimiter("one\ntwo")).toBe(",");
  });
  it("knows kinds of files by their endings", () => {
    expect(["a.CSV", "b.ndjson", "c.ods", "d"].map(kindOf)).toEqual(["delimited", "json", "sheet", "other"]);
  });
});
