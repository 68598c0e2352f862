import { describe, expect, it } from "vitest";
import { decode, guessDelimiter, guessSkip, kindOf, parse, sniff, sniffJson } from "./sniff";

describe("the first rows of a file", () => {
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
  it("skips lines and names columns without a header", () => {
    const data = new TextEncoder().encode("note\n1,2\n3,4\n");
    expect(sniff(data, { initialSkip: 1, headerIncluded: false })).toMatchObject({
      header: ["column_1", "column_2"],
      rows: [
        ["1", "2"],
        ["3", "4"],
      ],
    });
  });
  it("finds the lines that stand above a table", () => {
    const skip = (text: string) => guessSkip(new TextEncoder().encode(text));
    expect(skip("Quarterly report\nExported 2024, by finance\n\na;b;c\n1;2;3\n4;5;6\n")).toBe(3);
    expect(skip("made by hand\nname;price\nAnn;1,5\nBob;\n")).toBe(1);
    expect(skip("a,b\n1,2\n3,4,5\n")).toBe(0);
    expect(skip("Sales, internal\n\nname;price\nAnn;1,5\nBob;2,5\nCid;3\n")).toBe(2);
    expect(skip("a,b,c\n1,2\n3;x,4,5\n6;x,7,8\n")).toBe(0);
    expect(skip("only\none\ncolumn\n")).toBe(0);
    expect(skip("")).toBe(0);
  });
  it("keeps names that are one short or long", () => {
    const skip = (text: string) => guessSkip(new TextEncoder().encode(text));
    expect(skip("a,b\n1,2,3\n4,5,6\n7,8,9\n")).toBe(0);
    expect(skip("a,b,c\n1,2\n4,5\n7,8\n")).toBe(0);
    expect(skip("mpg,cyl\ncar0,20,4\ncar1,21,5\ncar2,22,6\n")).toBe(0);
    expect(skip("a,b\n" + "1,2,3,4\n".repeat(40))).toBe(0);
    expect(skip("a,b\n" + "x,y,z,w\n".repeat(40))).toBe(0);
    expect(skip("a,b,c\n" + "1,2,3,4,5\n".repeat(5))).toBe(0);
    expect(skip("a,b,c,d,e\n" + "1,2,3\n".repeat(5))).toBe(0);
    expect(skip("a\n" + "1,2,3\n".repeat(9))).toBe(0);
    expect(skip("a,b\n1,2,3,4\nx,y,z,w\n" + "5,6,7,8\n".repeat(9))).toBe(0);
    expect(skip("Report\na,b\n1,2,3\n4,5,6\n")).toBe(1);
    expect(skip("Exported 2024, by finance\na,b,c\n1,2,3\n4,5,6\n")).toBe(1);
    expect(skip("My cities\ncity,country\nParis,France\nRome,Italy\n")).toBe(1);
  });
  it("finds titles that are filled up to the table's width", () => {
    const skip = (text: string) => guessSkip(new TextEncoder().encode(text));
    expect(skip("Report 2020,,\n,,\nname,x,y\nann,1,2\nbob,3,4\n")).toBe(2);
    expect(skip("Report;\n\nname;x\nann;1\nbob;3\n")).toBe(2);
    expect(skip("total,,\n1,2,3\n4,5,6\n")).toBe(0);
  });
  it("leaves R's row names without a name", () => {
    const header = (text: string) => sniff(new TextEncoder().encode(text)).header;
    expect(header("mpg,cyl\ncar0,20,4\ncar1,21,5\n")).toEqual(["column_1", "mpg", "cyl"]);
    expect(header("a,b\n1,2,3\n4,5,6\n")).toEqual(["a", "b", "column_3"]);
  });
  it("takes bytes that are no UTF-8 for Western letters", () => {
    expect(decode(new Uint8Array([0xe9])).text).toBe("é");
    expect(decode(new Uint8Array([0xff, 0xfe, 0x61, 0])).encoding).toBe("utf-16");
  });
  it("reads what is whole of a JSON array", () => {
    expect(sniffJson('[{"a":1,"b":null},{"a":"}","c":[1]},{"a":')).toEqual({
      header: ["a", "b", "c"],
      rows: [
        ["1", ""],
        ["}", "", "[1]"],
      ],
    });
    expect(kindOf("x.NDJSON")).toBe("json");
  });
});
