import { expect, test } from "vitest";
import { chartOf, classify, drawable, markFor, ROW, referenceOf, referencesIn, scaleOf } from "./results";

const SPEC = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", mark: "bar" };
const ID = "0123456789abcdef0123456789abcd";

test("a result is shown as what it is", () => {
  const kinds: [unknown, string][] = [
    [null, "nothing"],
    [3, "value"],
    [false, "value"],
    ["seen", "value"],
    ["two\nlines", "text"],
    ["x".repeat(301), "text"],
    [SPEC, "chart"],
    [[{ a: 1 }], "table"],
    [{ a: [1, 2], b: [3, 4] }, "table"],
    [[1, null, "x"], "table"],
    [{ a: 1, b: [{ c: 1 }] }, "named"],
    [[], "json"],
    [{}, "json"],
    [[[1], [2]], "json"],
    [[{ a: 1 }, 2], "json"],
  ];
  for (const [value, kind] of kinds) expect([value, classify(value).kind]).toEqual([value, kind]);
});

test("named values are looked into once", () => {
  const found = classify({
    total: 3,
    rows: [{ a: 1 }],
    chart: SPEC,
    deep: { a: { b: 1 } },
    few: [1, "x"],
    none: [],
    long: Array(9).fill(1),
  });
  expect(found.kind === "named" && found.entries.map((each) => [each.name, each.found.kind])).toEqual([
    ["total", "value"],
    ["rows", "table"],
    ["chart", "chart"],
    ["deep", "json"],
    ["few", "list"],
    ["none", "list"],
    ["long", "table"],
  ]);
});

test("texts that lead somewhere are told from those that do not", () => {
  expect(referenceOf(ID)).toEqual({ kind: "dataset", id: ID });
  expect(referenceOf(`http://here:5000/${ID}`, "http://here:5000")).toEqual({ kind: "dataset", id: ID });
  expect(referenceOf("/cached-file?uid=ab&download=true")).toEqual({
    kind: "file",
    address: "/cached-file?uid=ab&download=true",
    name: undefined,
  });
  expect(referenceOf("http://here:5000/fs/a/b%20c.csv", "http://here:5000")).toEqual({
    kind: "file",
    address: "/fs/a/b%20c.csv",
    name: "b c.csv",
  });
  expect(referenceOf("https://example.org/a")).toEqual({ kind: "page", address: "https://example.org/a" });
  for (const text of ["", "javascript:alert(1)", `${ID}00`, "/cached-file", "a /fs/b", "http://here.evil/fs/x y"])
    expect([text, referenceOf(text, "http://here")]).toEqual([text, undefined]);
});

test("references are found wherever they stand, each once", () => {
  const value = { report: { files: ["/cached-file?uid=1", "/cached-file?uid=1"] }, rows: [{ id: ID }] };
  expect(referencesIn(value).map((each) => each.place)).toEqual(["report.files[0]", "rows[0].id"]);
});

test("axes are numbers, times or names", () => {
  const records = [
    { n: 1, day: "2026-01-01", at: "2026-01-01T10:00:00", name: "x", nested: [1] },
    { n: null, day: "2026-02-01", at: "2026-01-02T10:00:00Z", name: "y", nested: [2] },
  ];
  expect(["n", "day", "at", "name"].map((name) => scaleOf(records, name))).toEqual([
    "quantitative",
    "temporal",
    "temporal",
    "nominal",
  ]);
  expect(drawable(records)).toEqual({ across: ["n", "day", "at", "name"], upwards: ["n"] });
  expect([markFor(records, "name"), markFor(records, "day"), markFor(records, ROW)]).toEqual(["bar", "line", "line"]);
  const spec = chartOf(records, { across: ROW, upwards: "n", mark: "line", colour: "red" });
  expect(spec.data).toEqual({
    values: [
      { x: 1, y: 1 },
      { x: 2, y: null },
    ],
  });
});
