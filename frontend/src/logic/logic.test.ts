import { describe, expect, it } from "vitest";
import type { Metadata, OperationInfo } from "../api/rest";
import { offers } from "./fitting";
import { ago, bytes, counted, isoDay, share, visible } from "./format";
import { fieldAtFault, fieldsOf, isProblem, toParameters } from "./forms";
import { decode, guessDelimiter, guessSkip, kindOf, parse, sniff, sniffJson } from "./sniff";
import { chips, fitView, pageParameters, viewParameters } from "./view";

const meta = {
  columns: ["Title", "Gross"],
  dataSize: { rows: 10, columns: 2 },
  columnInfo: {
    Title: { index: 0, dataType: "string", invalidValues: 0 },
    Gross: { index: 1, dataType: "int", invalidValues: 3 },
  },
} as unknown as Metadata;
const operation = (name: string, properties: object, required: string[] = []) =>
  ({
    name,
    aliases: [],
    summary: "Does it.",
    ordered: false,
    enabled: true,
    example: {},
    parameters: { properties, required },
  }) as OperationInfo;
const column = { columnIndex: { "x-control": "column-index" }, column: { "x-control": "column" } };

describe("what people read", () => {
  it("counts things in words", () => {
    expect(counted(1, "row")).toBe("1 row");
    expect(counted(12345, "row")).toBe("12,345 rows");
    expect(counted(2, "day")).toBe("2 days");
    expect(counted(2, "entry")).toBe("2 entries");
  });
  it("never calls some missing none, nor nearly all all", () => {
    expect(share(1, 1000)).toBe("<1%");
    expect(share(999, 1000)).toBe(">99%");
    expect(share(0, 0)).toBe("0%");
    expect(share(1000, 1000)).toBe("100%");
  });
  it("tells sizes and times", () => {
    expect(bytes(999)).toBe("999 B");
    expect(bytes(1_399_981)).toBe("1.4 MB");
    expect(ago(100, 130)).toBe("just now");
    expect(ago(0, 7200)).toBe("2 hours ago");
    expect(isoDay("2020-01-02T00:00:00Z")).toBe("2020-01-02");
    expect(isoDay("2020-01-02T10:00:00Z")).toBe("2020-01-02T10:00:00Z");
  });
  it("shows blanks at the ends, and only there", () => {
    expect(visible(" a b\t")).toEqual({ before: "·", middle: "a b", after: "→" });
    expect(visible("   ")).toEqual({ before: "···", middle: "", after: "" });
  });
});

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

describe("the view", () => {
  const view = {
    filter: { type: "outliers" as const, columns: ["Gross", "Gone"] },
    search: { query: "x", isRegex: true, columns: [] },
    sort: { column: "Gone", ascending: true },
  };
  it("forgets columns that are gone", () => {
    expect(fitView(view, meta.columns)).toEqual({
      filter: { type: "outliers", columns: ["Gross"] },
      search: view.search,
    });
  });
  it("speaks the wire's names", () => {
    expect(
      pageParameters({ ...fitView(view, meta.columns), sort: { column: "Gross", ascending: false } }, meta),
    ).toEqual({
      filterType: "outliers",
      filterColumnIndices: [1],
      outliersStdDev: 2,
      searchQuery: "x",
      searchIsRegex: true,
      sortColumnIndex: 1,
      sortAscending: false,
    });
    expect(viewParameters({}, meta)).toEqual({});
  });
  it("reads as chips", () => {
    expect(
      chips({
        filter: { type: "invalid", columns: ["Gross"] },
        search: { query: "the", isRegex: false, columns: ["Title"] },
      }).map((chip) => chip.text),
    ).toEqual(["Gross missing", "Title contains “the”"]);
  });
});

describe("forms from schemas", () => {
  const fill = operation("fillWithAverage", { ...column, metric: { enum: ["mean", "median"], type: "string" } }, [
    "metric",
  ]);
  it("has each column once and starts with what is selected", () => {
    const fields = fieldsOf(fill, { columns: ["Gross"], rows: [] })!;
    expect(fields.map((field) => [field.name, field.control, field.initial])).toEqual([
      ["column", "column", "Gross"],
      ["metric", "enum", "mean"],
    ]);
    expect(toParameters(fields, { column: "Gross", metric: "median" }, meta)).toEqual({
      column: "Gross",
      metric: "median",
    });
  });
  it("names the field that is empty", () => {
    const fields = fieldsOf(fill, { columns: [], rows: [] })!;
    const found = toParameters(fields, { column: "", metric: "mean" }, meta);
    expect(isProblem(found) && found.field).toBe("column");
  });
  it("sends numbers as numbers, and edges as text", () => {
    const bins = fieldsOf(
      operation("discretize", { numberOfBins: { anyOf: [{ type: "integer" }, { type: "string" }] } }, ["numberOfBins"]),
      { columns: [], rows: [] },
    )!;
    expect(toParameters(bins, { numberOfBins: "5" }, meta)).toEqual({ numberOfBins: 5 });
    expect(toParameters(bins, { numberOfBins: "0,10" }, meta)).toEqual({ numberOfBins: "0,10" });
  });
  it("gives one replacement to all that is looked for, and refuses other numbers", () => {
    const fields = fieldsOf(
      operation("findReplace", { toReplace: { type: "array", items: {} }, replaceWith: { type: "array", items: {} } }, [
        "toReplace",
        "replaceWith",
      ]),
      { columns: [], rows: [] },
    )!;
    expect(toParameters(fields, { toReplace: "a\nb", replaceWith: "c" }, meta)).toEqual({
      toReplace: ["a", "b"],
      replaceWith: ["c", "c"],
    });
    expect(isProblem(toParameters(fields, { toReplace: "a\nb\nd", replaceWith: "c\ne" }, meta))).toBe(true);
  });
  it("has no form where a parameter has no control", () => {
    expect(
      fieldsOf(operation("warp", { field: { type: "string", "x-control": "hologram" } }, ["field"]), {
        columns: [],
        rows: [],
      }),
    ).toBeNull();
  });
  it("finds the field that a sentence is about", () => {
    const fields = fieldsOf(fill, { columns: [], rows: [] })!;
    expect(fieldAtFault(fields, "metric: input should be 'mean'")).toBe("metric");
    expect(fieldAtFault(fields, "something else")).toBeUndefined();
  });
});

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
