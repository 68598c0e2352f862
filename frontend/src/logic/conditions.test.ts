import { describe, expect, it } from "vitest";
import type { Metadata } from "../api/rest";
import type { ColumnProfile } from "../dataset/session";
import { entriesOf } from "./choices";
import { type Cluster, effectOf, mergesOf, startOf } from "./clusters";
import {
  allBut,
  allOf,
  also,
  conditionOf,
  emptyFacet,
  type Facet,
  facetOf,
  facetWords,
  only,
  type ValuesFacet,
} from "./conditions";
import { arranged, inWindow, noticesOf } from "./noticing";
import { boundAt, readBound, stopOf } from "./ranges";
import {
  chips,
  fitView,
  isNarrowed,
  readQuery,
  type View,
  viewParameters,
  viewQuery,
  whereOf,
  withFacet,
  without,
} from "./view";

const meta = {
  columns: ["city", "price", "day", 'odd "one"', "open"],
  dataSize: { rows: 10, columns: 5 },
  columnInfo: {
    city: { index: 0, dataType: "string", invalidValues: 0 },
    price: { index: 1, dataType: "float", invalidValues: 3 },
    day: { index: 2, dataType: "date", invalidValues: 0 },
    'odd "one"': { index: 3, dataType: "string", invalidValues: 0 },
    open: { index: 4, dataType: "boolean", invalidValues: 0 },
  },
} as unknown as Metadata;
const typeOf = (column: string) => meta.columnInfo[column]?.dataType;
const values = (part: Partial<ValuesFacet>): ValuesFacet => ({
  ...(emptyFacet("values", "city") as ValuesFacet),
  ...part,
});

describe("conditions of facets", () => {
  const cases: [Facet, string][] = [
    [values({ values: ["Oslo"] }), `"city" IN ('Oslo')`],
    [values({ values: ["Oslo", "Rome"], missing: true }), `"city" IN ('Oslo', 'Rome') OR "city" IS NULL`],
    [values({ missing: true }), `"city" IS NULL`],
    [values({ missing: true, exclude: true }), `"city" IS NOT NULL`],
    [values({ values: ["Oslo"], exclude: true }), `"city" NOT IN ('Oslo') OR "city" IS NULL`],
    [values({ values: ["Oslo"], exclude: true, missing: true }), `"city" NOT IN ('Oslo')`],
    [
      values({ values: ["", "it's", "a, 'b'", "line\nbreak", "') OR TRUE --", "日本"] }),
      `"city" IN ('', 'it''s', 'a, ''b''', 'line\nbreak', ''') OR TRUE --', '日本')`,
    ],
    [values({ column: 'odd "one"', values: ['"'] }), `"odd ""one""" IN ('"')`],
    [values({ column: "open", values: [true] }), `"open" IN (TRUE)`],
    [{ kind: "number", column: "price", low: 1, high: 2.5, missing: "without" }, `"price" BETWEEN 1 AND 2.5`],
    [{ kind: "number", column: "price", low: -1e21, missing: "with" }, `"price" >= -1e+21 OR "price" IS NULL`],
    [{ kind: "number", column: "price", high: 1e-7, missing: "without" }, `"price" <= 1e-7`],
    [{ kind: "number", column: "price", missing: "without" }, `"price" IS NOT NULL`],
    [{ kind: "number", column: "price", missing: "only" }, `"price" IS NULL`],
    [
      { kind: "date", column: "day", low: "2020-01-01", high: "2020-12-31", missing: "without" },
      `"day" BETWEEN DATE '2020-01-01' AND DATE '2020-12-31'`,
    ],
  ];
  it.each(cases)("%j is written and read again", (facet, condition) => {
    expect(conditionOf(facet)).toBe(condition);
    expect(facetOf(condition, typeOf)).toEqual(facet);
  });
  it("takes a moment with its time", () => {
    const facet: Facet = { kind: "datetime", column: "at", low: "2020-01-01T10:00:00", missing: "without" };
    expect(conditionOf(facet)).toBe(`"at" >= TIMESTAMP '2020-01-01T10:00:00'`);
    expect(facetOf(conditionOf(facet)!, () => "datetime")).toEqual(facet);
  });
  it("reads no facet out of anything else", () => {
    for (const other of [
      `"city" = 'x'`,
      `"nix" IN ('a')`,
      `"price" IN ('a')`,
      `"city" IN ('a', 'a') AND TRUE`,
      `"city" IN (TRUE 'a')`,
      `"city" IN ('a') OR "price" IS NULL`,
      `"city" >= 1`,
      "",
      `city IN ('a')`,
    ])
      expect(facetOf(other, typeOf)).toBeUndefined();
  });
  it("shows everything while nothing is chosen", () => {
    for (const kind of ["values", "number", "date"] as const)
      expect(conditionOf(emptyFacet(kind, "city"))).toBeUndefined();
  });
  it("puts several between parentheses", () => {
    expect(allOf([])).toBeUndefined();
    expect(allOf(["a OR b"])).toBe("a OR b");
    expect(allOf(["a OR b", "c"])).toBe("(a OR b) AND (c)");
  });
});

describe("choosing values", () => {
  it("shows only one, and all again", () => {
    const one = only(values({}), "Oslo");
    expect(one.values).toEqual(["Oslo"]);
    expect(only(one, "Rome").values).toEqual(["Rome"]);
    expect(only(one, "Oslo").values).toEqual([]);
    expect(only(one, null)).toMatchObject({ values: [], missing: true });
    expect(only(only(one, null), null).missing).toBe(false);
  });
  it("adds and leaves out", () => {
    const two = also(also(values({}), "Oslo"), "Rome");
    expect(two).toMatchObject({ values: ["Oslo", "Rome"], exclude: false });
    expect(also(two, "Oslo").values).toEqual(["Rome"]);
    const out = allBut(two, "Oslo");
    expect(out).toMatchObject({ values: ["Oslo"], exclude: true });
    expect(allBut(out, null)).toMatchObject({ missing: true, exclude: true });
    expect(allBut(out, "Oslo")).toMatchObject({ values: [], exclude: false });
    expect(also(out, "Rome")).toMatchObject({ values: ["Rome"], exclude: false });
  });
  it("lists what is chosen although it is no longer counted", () => {
    const entries = entriesOf(
      values({ values: ["Oslo"] }),
      [
        ["Rome", 3],
        ["", 1],
      ],
      2,
      "",
      "rows",
    );
    expect(entries.map((entry) => [entry.value, entry.rows, entry.isChosen])).toEqual([
      ["Oslo", 0, true],
      ["Rome", 3, false],
      ["", 1, false],
      [null, 2, false],
    ]);
    expect(
      entriesOf(
        values({}),
        [
          ["b10", 3],
          ["B9", 1],
        ],
        0,
        "",
        "name",
      ).map((entry) => entry.value),
    ).toEqual(["B9", "b10"]);
    expect(
      entriesOf(
        values({}),
        [
          ["Rome", 3],
          ["Oslo", 1],
        ],
        0,
        "OS",
        "rows",
      ).map((entry) => entry.value),
    ).toEqual(["Oslo"]);
  });
});

describe("ranges", () => {
  const edges = [0, 2.5, 5, 7.5, 10];
  it("has no bound at the ends", () => {
    expect(boundAt("number", "float", edges, 0, "low")).toBeUndefined();
    expect(boundAt("number", "float", edges, 4, "high")).toBeUndefined();
    expect(boundAt("number", "float", edges, 1, "low")).toBe(2.5);
    expect([boundAt("number", "int", edges, 1, "low"), boundAt("number", "int", edges, 1, "high")]).toEqual([3, 2]);
    expect(
      boundAt("date", "date", ["2020-01-01T00:00:00Z", "2020-01-08T12:00:00Z", "2020-02-01T00:00:00Z"], 1, "low"),
    ).toBe("2020-01-08");
  });
  it("finds the stop of a bound", () => {
    expect([
      stopOf(edges, undefined, "low"),
      stopOf(edges, undefined, "high"),
      stopOf(edges, 5.1, "low"),
      stopOf(edges, 99, "high"),
    ]).toEqual([0, 4, 2, 4]);
    expect(stopOf(["2020-01-01T00:00:00Z", "2020-01-08T12:00:00Z", "2020-02-01T00:00:00Z"], "2020-01-09", "low")).toBe(
      1,
    );
  });
  it("reads what is typed", () => {
    expect([readBound("number", "1,234.5"), readBound("number", ""), readBound("number", "much")]).toEqual([
      1234.5,
      undefined,
      null,
    ]);
    expect([
      readBound("date", "2020"),
      readBound("date", "2020-06-30"),
      readBound("date", "soon"),
      readBound("date", "2020-13-01"),
    ]).toEqual(["2020-01-01", "2020-06-30", null, null]);
    expect(readBound("datetime", "2020-06-30 12:30")).toBe("2020-06-30T12:30");
  });
});

describe("facets in a view", () => {
  const price: Facet = { kind: "number", column: "price", low: 1, missing: "without" };
  const view: View = {
    facets: [values({ values: ["Oslo"], missing: true }), price, emptyFacet("date", "day")],
    conditions: ["price < 9"],
  };
  it("narrow together, and count without themselves", () => {
    expect(isNarrowed({ facets: [emptyFacet("date", "day")] })).toBe(false);
    expect(viewParameters(view, meta)).toEqual({
      where: `("city" IN ('Oslo') OR "city" IS NULL) AND ("price" >= 1) AND (price < 9)`,
    });
    expect(whereOf(without(view, price))).toBe(`("city" IN ('Oslo') OR "city" IS NULL) AND (price < 9)`);
  });
  it("stand in an address and are read from it", () => {
    const query = new URLSearchParams(viewQuery(view));
    expect(readQuery(new URLSearchParams(query.toString()), meta)).toEqual(view);
    expect(readQuery(new URLSearchParams("facet=nix&facet=day&facet=day"), meta)).toEqual({
      facets: [emptyFacet("date", "day")],
      conditions: undefined,
    });
  });
  it("stand as chips that take themselves away", () => {
    const found = chips(view);
    expect(found.map((chip) => chip.text)).toEqual(["city is Oslo or missing", "price from 1", "price < 9"]);
    expect(whereOf({ ...view, ...found[0]!.removed })).toBe(`("price" >= 1) AND (price < 9)`);
    expect(whereOf({ ...view, ...found[2]!.removed })).not.toContain("9");
  });
  it("go with their column, or when it is of another type now", () => {
    expect(fitView(view, ["city", "day"], typeOf).facets?.map((facet) => facet.column)).toEqual(["city", "day"]);
    expect(fitView(view, meta.columns, () => "string").facets?.map((facet) => facet.column)).toEqual(["city"]);
    expect(withFacet({ facets: [price] }, "price", undefined)).toEqual({ facets: undefined });
  });
  it("read as sentences", () => {
    expect(facetWords(values({ values: ["a", "b", "c", "d"], exclude: true }))).toBe("city is not a, b and 2 more");
    expect(facetWords({ kind: "date", column: "day", low: "2020-01-01", high: "2021-01-01", missing: "with" })).toBe(
      "day 2020-01-01 to 2021-01-01 or missing",
    );
    expect(facetWords({ kind: "date", column: "day", missing: "without" })).toBe("day is not missing");
  });
});

describe("spellings to merge", () => {
  const clusters: Cluster[] = [
    {
      values: [
        ["Rome", 5],
        ["rome", 1],
        ["ROME", 2],
      ],
      suggested: "Rome",
      rows: 8,
      valueCount: 3,
    },
    {
      values: [
        ["Oslo", 2],
        ["oslo", 1],
      ],
      suggested: "Oslo",
      rows: 3,
      valueCount: 2,
    },
  ];
  it("change all but the target", () => {
    const choices = startOf(clusters);
    expect(mergesOf(clusters, choices)).toEqual([
      { from: ["rome", "ROME"], to: "Rome" },
      { from: ["oslo"], to: "Oslo" },
    ]);
    expect(effectOf(clusters, choices)).toEqual({ groups: 2, values: 3, rows: 4 });
    choices[0] = { isOn: true, target: "Roma" };
    choices[1] = { isOn: false, target: "Oslo" };
    expect(mergesOf(clusters, choices)).toEqual([{ from: ["Rome", "rome", "ROME"], to: "Roma" }]);
    expect(effectOf(clusters, choices)).toEqual({ groups: 1, values: 3, rows: 8 });
  });
});

describe("what is worth a look", () => {
  const column = (
    name: string,
    dataType: string,
    frequencies: [unknown, number][],
    part: object = {},
  ): ColumnProfile => ({
    name,
    dataType,
    statistics: { invalid: 0, unique_count: frequencies.length, frequencies, ...part },
  });
  const words = (about: ColumnProfile, rows = 10) => noticesOf(about, rows).map((notice) => notice.words);
  it("is said in words", () => {
    expect(words(column("a", "string", [], { invalid: 10 }))).toEqual(["nothing but missing"]);
    expect(words(column("a", "int", [[1, 10]]))).toEqual(["one value only"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 1],
            [2, 1],
            [3, 1],
          ],
          { unique_count: 10 },
        ),
      ),
    ).toEqual(["all values differ"]);
    expect(
      words(
        column("a", "string", [
          ["x", 6],
          ["N/A", 2],
          ["-", 1],
          ["unknown", 1],
        ]),
      ),
    ).toEqual(["3 spellings of missing"]);
    expect(
      words(
        column("a", "string", [
          ["2020-01-02", 6],
          ["3.4.1999", 3],
          ["-", 1],
        ]),
      ),
    ).toEqual(["missing written as “-”", "looks like dates kept as text"]);
    expect(
      words(
        column("a", "string", [
          ["1,5", 6],
          ["$ 300", 4],
        ]),
      ),
    ).toEqual(["looks like numbers kept as text"]);
    expect(
      words(
        column("a", "string", [
          ["Oslo", 6],
          ["oslo ", 4],
        ]),
      ),
    ).toEqual(["blanks at the ends", "1 value differs only in capitals or blanks"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 5],
            [2, 5],
          ],
          { min: 1, "25%": 1, "75%": 2, max: 900 },
        ),
      ),
    ).toEqual(["values far above the others"]);
    expect(
      words(
        column(
          "a",
          "int",
          [
            [1, 5],
            [2, 5],
          ],
          { invalid: 6 },
        ),
      ),
    ).toEqual(["60% missing"]);
    expect(
      words(
        column("a", "string", [
          ["x", 5],
          ["y", 5],
        ]),
      ),
    ).toEqual([]);
    expect(words(column("a", "string", []), 0)).toEqual([]);
  });
  it("can be found and comes first", () => {
    const columns = [
      column("plain", "string", [
        ["x", 5],
        ["y", 5],
      ]),
      column("Gaps", "string", [
        ["x", 9],
        ["-", 1],
      ]),
    ];
    expect(arranged(columns, "", "notices", 10).map((each) => each.name)).toEqual(["Gaps", "plain"]);
    expect(arranged(columns, "missing", "table", 10).map((each) => each.name)).toEqual(["Gaps"]);
    expect(arranged(columns, "PLA", "table", 10).map((each) => each.name)).toEqual(["plain"]);
  });
  it("draws only the rows in sight", () => {
    expect(inWindow(5000, 0, 800, 50)).toEqual([0, 22]);
    expect(inWindow(5000, 100_000, 800, 50)).toEqual([1994, 2022]);
    expect(inWindow(3, 0, 800, 50)).toEqual([0, 3]);
  });
});
