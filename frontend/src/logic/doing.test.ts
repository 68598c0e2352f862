import { describe, expect, it } from "vitest";
import { idIn } from "../api/datasets";
import type { HistoryStep, Metadata, OperationInfo } from "../api/rest";
import { AGGREGATE, available } from "./catalogue";
import { effectOf } from "./effects";
import { complete, completions, functionAround, spelled } from "./expression";
import { everything, grouped, offers } from "./fitting";
import { fieldAtFault, fieldsOf, guessKeys, isProblem, isShown, toParameters, toValues } from "./forms";
import { readRows } from "./newrows";
import { match, rank } from "./ranking";
import { changed, effective, type Recipe, readRecipe, recipeOf, sourcesOf } from "./recipes";

const meta = {
  columns: ["Title", "Gross", "Made in"],
  dataSize: { rows: 10, columns: 3 },
  columnInfo: {
    Title: { index: 0, dataType: "string", invalidValues: 0 },
    Gross: { index: 1, dataType: "int", invalidValues: 3 },
    "Made in": { index: 2, dataType: "string", invalidValues: 0 },
  },
} as unknown as Metadata;
const operation = (name: string, properties: object = {}, required: string[] = [], enabled = true) =>
  ({
    name,
    aliases: [],
    summary: "Does it.",
    ordered: false,
    enabled,
    example: {},
    parameters: { properties, required },
  }) as OperationInfo;
const nothing = { columns: [], rows: [] };
const situation = { meta, selected: nothing, view: {}, viewRows: 10 };

describe("finding by a few letters", () => {
  const titles = [
    "Split column",
    "Combine columns",
    "Sort for good",
    "Fill missing with an average",
    "Trim blanks",
    "Find and replace",
  ];
  const found = (query: string) => rank(query, titles, (title) => [title]).map((each) => each.item);
  it("puts whole beginnings first, then words, then letters", () => {
    expect(found("split")[0]).toBe("Split column");
    expect(found("col").slice(0, 2)).toEqual(["Split column", "Combine columns"]);
    expect(found("far")[0]).toBe("Find and replace");
    expect(found("fmwa")[0]).toBe("Fill missing with an average");
  });
  it("wants every word somewhere, in any order", () => {
    expect(found("average missing")).toEqual(["Fill missing with an average"]);
    expect(found("average nowhere")).toEqual([]);
    expect(found("")).toEqual(titles);
  });
  it("finds by other words too, below what is called so", () => {
    const commands = [
      { title: "Remove repeated rows", words: "unique duplicates" },
      { title: "Unique", words: "" },
    ];
    expect(rank("unique", commands, (each) => [each.title, each.words]).map((each) => each.item.title)).toEqual([
      "Unique",
      "Remove repeated rows",
    ]);
  });
  it("marks what was typed", () => {
    expect(match("col", ["Split column"])?.marks).toEqual([6, 7, 8]);
    expect(match("xyz", ["Split column"])).toBeUndefined();
  });
});

describe("what can be done", () => {
  const known = ["fillWithAverage", "join", "addRows", "trimText", "sortRows"].map((name) => operation(name));
  it("leaves out what the server has turned off, and has summing up", () => {
    expect(available([operation("join"), operation("executeCommand", {}, [], false)]).map((each) => each.name)).toEqual(
      ["join", "aggregate"],
    );
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

describe("forms for everything", () => {
  const join = operation(
    "join",
    {
      otherSessionID: { type: "string", "x-control": "session" },
      keys: { type: "array", items: { $ref: "#" } },
      how: { enum: ["left"], type: "string", default: "left" },
      columns: { "x-control": "other-columns", anyOf: [] },
    },
    ["otherSessionID", "keys"],
  );
  it("asks for the other table, then for its keys", () => {
    const fields = fieldsOf(join, nothing)!;
    expect(fields.map((field) => field.control)).toEqual(["session", "keys", "enum", "other-columns"]);
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
    const fields = fieldsOf(
      operation("mergeValues", { column: { "x-control": "column" }, merges: { type: "array", items: { $ref: "#" } } }, [
        "merges",
      ]),
      nothing,
    )!;
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
    const fields = fieldsOf(
      operation(
        "insertRow",
        { rowIndex: { type: "integer" }, values: { anyOf: [{ type: "array" }, { type: "object" }] } },
        ["rowIndex"],
      ),
      { columns: [], rows: [4] },
    )!;
    expect(fields[0]?.initial).toBe("5");
    expect(toParameters(fields, { rowIndex: "5", values: { Title: "Ran", Gross: "" } }, meta)).toEqual({
      rowIndex: 4,
      values: { Title: "Ran" },
    });
    expect(toParameters(fields, { rowIndex: "", values: {} }, meta)).toEqual({ rowIndex: 10, values: {} });
    expect(isProblem(toParameters(fields, { rowIndex: "0", values: {} }, meta))).toBe(true);
  });
  it("sums up without any choice, and shows only what matters", () => {
    const fields = fieldsOf(AGGREGATE, nothing)!;
    expect(fields.map((field) => [field.name, field.control, field.required])).toEqual([
      ["by", "columns", false],
      ["aggregates", "measures", false],
      ["countRows", "boolean", false],
    ]);
    const type = fieldsOf(
      operation("changeColumnDataType", { newDataType: { type: "string" }, dateFormat: { type: "string" } }),
      nothing,
    )!;
    expect(isShown(type[1]!, { newDataType: "int" })).toBe(false);
    expect(toParameters(type, { newDataType: "int", dateFormat: "%Y" }, meta)).toEqual({ newDataType: "int" });
  });
  it("shows a step's parameters by the names of its columns", () => {
    const fields = fieldsOf(
      operation(
        "fillDown",
        { columnFrom: { "x-control": "column-index" }, method: { enum: ["pad"], type: "string" } },
        ["columnFrom"],
      ),
      nothing,
    )!;
    expect(toValues(fields, { columnFrom: 7, method: "pad" }, [{ parameter: "columnFrom", name: "Gross" }])).toEqual({
      columnFrom: "Gross",
      method: "pad",
    });
    const one = fieldsOf(operation("trimText", { column: { "x-control": "column" } }), nothing)!;
    expect(toValues(one, { columnIndex: 0 }, [{ parameter: "columnIndex", name: "Title" }])).toEqual({
      column: "Title",
    });
  });
});

it("finds the field that holds what a sentence quotes", () => {
  const fields = fieldsOf(
    operation("derive", { expression: { "x-control": "expression" }, newName: { type: "string" } }, ["expression"]),
    nothing,
  )!;
  expect(
    fieldAtFault(fields, "no column 'Titel'; did you mean 'Title'?", { expression: "Titel || 'x'", newName: "a" }),
  ).toBe("expression");
  expect(fieldAtFault(fields, "no column 'other'", { expression: "a" })).toBeUndefined();
});

describe("rows that are typed or pasted", () => {
  it("go by the table's columns, or by a first line of their names", () => {
    expect(readRows("Ran\t1\tJapan\nIkiru\t\tJapan\n", meta.columns)).toEqual({
      rows: [
        { Title: "Ran", Gross: "1", "Made in": "Japan" },
        { Title: "Ikiru", "Made in": "Japan" },
      ],
    });
    expect(readRows("Made in,Title\nJapan,Ran", meta.columns)).toEqual({
      rows: [{ "Made in": "Japan", Title: "Ran" }],
    });
  });
  it("say which line has too many values", () => {
    expect(readRows("a,b,c\nd,e,f,g", meta.columns)).toEqual({ problem: "Line 2 has 4 values for 3 columns" });
    expect(readRows(" \n", meta.columns)).toEqual({ problem: "Type or paste a row" });
  });
});

describe("help with expressions", () => {
  const functions = [
    { usage: "ROUND(number[, digits])", summary: "rounds" },
    { usage: "YEAR(date)", summary: "the year" },
  ];
  it("completes columns, with quotes where they need them, and functions", () => {
    expect(spelled("Made in")).toBe('"Made in"');
    expect(completions("ROUND(gro", 9, meta.columns, functions).map((each) => each.text)).toEqual(["Gross"]);
    expect(completions('"ma', 3, meta.columns, functions).map((each) => each.text)).toEqual(['"Made in"']);
    expect(completions("rou", 3, meta.columns, functions).map((each) => each.text)).toEqual(["ROUND("]);
    expect(completions("'gro", 4, meta.columns, functions)).toEqual([]);
    expect(complete('1 + "ma', 7, { text: '"Made in"', kind: "column", help: "" })).toEqual({
      text: '1 + "Made in"',
      caret: 13,
    });
    expect(complete('"ma"', 3, { text: '"Made in"', kind: "column", help: "" }).text).toBe('"Made in"');
  });
  it("knows the function around the caret", () => {
    expect(functionAround("1 + round(a, (b + c), ", 22, functions)?.summary).toBe("rounds");
    expect(functionAround("round(a)", 8, functions)).toBeUndefined();
  });
});

describe("effects in words", () => {
  const seen = { rows: 10, changedCells: null, newColumns: [], removedColumns: [], facts: {} };
  it("tells of a join what matches before anything is joined", () => {
    const facts = { matched: 7, unmatched: 3, otherUnmatched: 1, duplicateKeys: 2, rowsBefore: 10, rowsAfter: 14 };
    expect(
      effectOf("join", { ...seen, newColumns: ["Land"], facts }, 10, "cities.csv").notes.map((note) => note.text),
    ).toEqual([
      "7 of 10 rows match",
      "3 rows find nothing in cities.csv",
      "1 row of cities.csv finds nothing here",
      "2 keys stand in several rows of cities.csv, so rows may multiply: 10 become 14",
    ]);
  });
  it("tells of an append where the tables differ", () => {
    const facts = {
      onlyHere: ["a"],
      onlyThere: [],
      typesDiffer: [{ column: "b", here: "int", there: "string", became: "string" }],
    };
    expect(effectOf("appendFile", { ...seen, rows: 15, facts }, 10).notes.map((note) => note.text)).toEqual([
      "Only here, so missing in the new rows: a",
      "b is whole number here and text there; it becomes text",
    ]);
    expect(effectOf("appendFile", { ...seen, rows: 15 }, 10).text).toBe("Adds 5 rows.");
  });
});

describe("recipes", () => {
  const step = (version: number, more: Partial<HistoryStep> = {}) =>
    ({ position: version, version, operation: "trimText", dropped: false, ...more }) as HistoryStep;
  const steps = [step(0), step(1), step(2, { dropped: true }), step(3, { operation: "dropStep" }), step(4), step(5)];
  it("knows which steps the table stands on", () => {
    expect(effective(steps, 4).map((each) => each.version)).toEqual([1, 4]);
  });
  it("takes one step out of the whole", () => {
    const whole = {
      format: "longshore-recipe",
      steps: [
        { operation: "a", parameters: {} },
        { operation: "b", parameters: {} },
      ],
    } as Recipe;
    expect(recipeOf(whole, steps, 4, 4)?.steps).toEqual([whole.steps[1]]);
    expect(recipeOf(whole, steps, 4, 2)).toBeUndefined();
  });
  it("asks for each other table once, and for itself never", () => {
    const read = (otherSessionID?: string) => ({ operation: "join", parameters: { otherSessionID } });
    expect(
      sourcesOf([read("b.csv"), read("itself"), read("b.csv"), { operation: "trimText", parameters: {} }]),
    ).toEqual(["b.csv"]);
  });
  it("forgets what a changed step had learnt", () => {
    expect(
      changed(
        { operation: "fillDown", parameters: {}, facts: { value: 1 }, sentence: "x" },
        { columnFrom: 1, columnTo: 1 },
        meta.columns,
      ),
    ).toEqual({
      operation: "fillDown",
      parameters: { columnFrom: 1, columnTo: 1 },
      facts: {},
      sentence: "",
      columns: [
        { parameter: "columnFrom", index: 1, name: "Gross" },
        { parameter: "columnTo", index: 1, name: "Gross" },
      ],
    });
  });
  it("is told from other text", () => {
    expect(readRecipe('{"format":"longshore-recipe","steps":[]}')?.steps).toEqual([]);
    expect(readRecipe("[1]")).toBeUndefined();
    expect(readRecipe("null")).toBeUndefined();
    expect(readRecipe("no")).toBeUndefined();
  });
});

it("finds a dataset's id in its link", () => {
  const id = "0123456789abcdef0123456789abcd";
  expect(idIn(`http://here/${id}?page=charts`)).toBe(id);
  expect(idIn(` ${id} `)).toBe(id);
  expect(idIn("http://here/data.csv")).toBeUndefined();
});
