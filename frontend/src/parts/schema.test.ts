import { expect, test } from "vitest";
import { controlsOf, placed, readEntered } from "./entered";
import { fits, humanise, isDatasetField, partOf, type Raw, type RawGroup, rawOf, type Schema } from "./schema";

const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: "object",
  properties,
  required,
});

/** What a form of one property reads, after something was entered. */
function entered(property: Schema, raw: Raw | undefined, isRequired = true) {
  const part = partOf(object({ x: property }, isRequired ? ["x"] : []));
  const first = rawOf(part) as RawGroup;
  const { value, problems } = readEntered(part, raw === undefined ? first : { isGiven: true, values: { x: raw } });
  return { kind: part.parts![0]!.kind, value: value as { x?: unknown }, problem: problems[0]?.message };
}

test("each kind of property has its control", () => {
  const kinds: [Schema, string][] = [
    [{ type: "string" }, "text"],
    [{ type: "string", maxLength: 5000 }, "paragraph"],
    [{ type: "string", format: "password" }, "secret"],
    [{ type: "number" }, "number"],
    [{ type: "integer" }, "integer"],
    [{ type: "boolean" }, "switch"],
    [{ type: "string", format: "date" }, "date"],
    [{ type: "string", format: "date-time" }, "moment"],
    [{ type: "string", format: "time" }, "time"],
    [{ enum: ["a", "b"], type: "string" }, "choice"],
    [{ const: 1 }, "fixed"],
    [{ anyOf: [{ type: "boolean" }, { type: "null" }] }, "choice"],
    [{ type: "array", items: { type: "number" } }, "lines"],
    [{ type: "array", items: { enum: ["a"] } }, "ticks"],
    [{ type: "array", items: object({ a: { type: "string" } }) }, "rows"],
    [object({ a: { type: "string" } }), "group"],
    [{ anyOf: [{ type: "number" }, { type: "string", pattern: "^\\d+$" }] }, "mixed"],
    [{ anyOf: [{ type: "integer" }, object({})] }, "json"],
    [{}, "json"],
    [{ type: "object", additionalProperties: { type: "number" } }, "json"],
    [{ type: "array", prefixItems: [{ type: "number" }], items: false }, "json"],
    [{ type: "array", items: { type: "array", items: { type: "number" } } }, "json"],
  ];
  for (const [schema, kind] of kinds) expect([schema, entered(schema, undefined).kind]).toEqual([schema, kind]);
});

test("references are followed, also one that comes back to itself", () => {
  const root: Schema = {
    ...object({ tree: { $ref: "#/$defs/Tree" }, colour: { $ref: "#/$defs/Colour", default: "red" } }, ["tree"]),
    $defs: {
      Tree: object(
        { name: { type: "string" }, left: { anyOf: [{ $ref: "#/$defs/Tree" }, { type: "null" }], default: null } },
        ["name"],
      ),
      Colour: { enum: ["red", "blue"], type: "string" },
    },
  };
  const part = partOf(root);
  expect(part.parts!.map((each) => each.kind)).toEqual(["group", "choice"]);
  expect(part.parts![0]!.parts!.map((each) => each.kind)).toEqual(["text", "json"]);
  expect(readEntered(part, rawOf(part, { tree: { name: "elm" } })).value).toEqual({
    tree: { name: "elm" },
    colour: "red",
  });
});

test("a dataset's id is told by format, pattern or name", () => {
  for (const name of ["session", "sessionID", "session_id", "dataset", "dataset_id", "other_dataset", "sourceDataset"])
    expect([name, isDatasetField({ type: "string" }, name)]).toEqual([name, true]);
  for (const name of ["datasets_folder", "possession", "title"])
    expect([name, isDatasetField({ type: "string" }, name)]).toEqual([name, false]);
  expect(isDatasetField({ type: "string", format: "dataset" }, "table")).toBe(true);
  expect(isDatasetField({ type: "string", pattern: "^[0-9a-f]{30}$" }, "table")).toBe(true);
});

test("what is entered becomes JSON", () => {
  expect(entered({ type: "number" }, " 1.5e3 ").value).toEqual({ x: 1500 });
  expect(entered({ type: "array", items: { type: "integer" } }, "3\n\n 4 ").value).toEqual({ x: [3, 4] });
  expect(entered({ type: "array", items: { type: "string" } }, "a b\n c").value).toEqual({ x: ["a b", " c"] });
  expect(entered({ enum: [1, "1", null] }, "1").value).toEqual({ x: "1" });
  expect(entered({ type: "array", items: { enum: ["a", "b", "c"] } }, [2, 0]).value).toEqual({ x: ["a", "c"] });
  const mixed = { anyOf: [{ type: "number" }, { type: "string" }] };
  expect(["9.5", "9.50", "ten", "-3"].map((text) => entered(mixed, text).value.x)).toEqual([9.5, "9.50", "ten", -3]);
  expect(entered({}, '{"a": [1]}').value).toEqual({ x: { a: [1] } });
  expect(entered({ const: "v1" }, undefined).value).toEqual({ x: "v1" });
  expect(entered({ type: "boolean" }, false).value).toEqual({ x: false });
});

test("what is left empty is left out, or nothing, or the empty text", () => {
  const orNothing = (schema: Schema, about: Schema = {}): Schema => ({ anyOf: [schema, { type: "null" }], ...about });
  expect(entered({ type: "number", default: 5 }, "", false).value).toEqual({});
  expect(entered(orNothing({ type: "number" }, { default: null }), undefined, false).value).toEqual({});
  expect(entered(orNothing({ type: "number" }, { default: 5 }), "", false).value).toEqual({ x: null });
  expect(entered(orNothing({ type: "number" }), "", true).value).toEqual({ x: null });
  expect(entered({ type: "string", default: "a" }, "", false).value).toEqual({ x: "" });
  expect(entered({ type: "array", items: { type: "number" }, default: [1] }, "", false).value).toEqual({ x: [] });
  expect(
    entered(orNothing(object({ a: { type: "string" } }, ["a"]), { default: null }), undefined, false),
  ).toMatchObject({ value: {}, problem: undefined });
});

test("what is wrong is said in words", () => {
  const wrong: [Schema, Raw, string][] = [
    [{ type: "string" }, "", "Fill this in"],
    [{ type: "number" }, "1,5", "Write the decimal point as a point"],
    [{ type: "number" }, "plenty", "Give a number"],
    [{ type: "integer" }, "1.5", "Give a whole number"],
    [{ type: "integer" }, "12345678901234567890", "This form takes whole numbers of up to 15 digits"],
    [{ type: "number", minimum: 1, maximum: 100 }, "101", "Give at most 100"],
    [{ type: "number", exclusiveMinimum: 0 }, "0", "Give more than 0"],
    [{ type: "string", maxLength: 2 }, "abc", "Give at most 2 characters; these are 3"],
    [{ type: "string", pattern: "^a+$" }, "b", "This has to look like ^a+$"],
    [{ enum: ["a"] }, "", "Choose one"],
    [{ type: "array", items: { type: "number" } }, "1\nx", "line 2: give a number"],
    [{ type: "array", items: object({}), minItems: 2 }, [], "Give at least 2 rows"],
  ];
  for (const [schema, raw, message] of wrong) expect([raw, entered(schema, raw).problem]).toEqual([raw, message]);
  expect(entered({}, "{").problem).toMatch(/^This is not JSON: /);
});

test("problems stand beside the nearest control", () => {
  const part = partOf(
    object({
      rain: { type: "array", items: { type: "number" } },
      storms: { type: "array", items: object({ depth: { type: "number" } }) },
    }),
  );
  const raw = rawOf(part, { rain: [1], storms: [{ depth: 1 }, { depth: 2 }] });
  const controls = controlsOf(part, raw);
  expect(controls).toEqual(["rain", "storms", "storms[0]", "storms[0].depth", "storms[1]", "storms[1].depth"]);
  const found = placed(
    [
      { field: "storms[1].depth", message: "too deep" },
      { field: "rain[4]", message: "is no rain" },
      { field: "snow", message: "not expected" },
    ],
    controls,
  );
  expect([...found]).toEqual([
    ["storms[1].depth", "Too deep"],
    ["rain", "Entry 5: is no rain"],
    ["", "Snow: not expected"],
  ]);
});

test("earlier inputs come back as they were, as JSON where the controls would change them", () => {
  const part = partOf(
    object(
      {
        a: { type: "number", default: 3 },
        names: { type: "array", items: { type: "string" } },
        at: { type: "string", format: "date-time" },
        b: { anyOf: [{ type: "number" }, { type: "null" }], default: 1 },
      },
      ["a"],
    ),
  );
  const inputs = { a: 7, names: ["x", "y"], at: "2026-01-02T03:04:05+02:00", b: null };
  expect(fits(part, inputs)).toBe(true);
  expect(readEntered(part, rawOf(part, inputs)).value).toEqual(inputs);
  for (const other of [{ a: "7" }, { a: 1, names: ["two\nlines"] }, { a: 1, other: 2 }, [1], { a: 1, at: "yesterday" }])
    expect(fits(part, other)).toBe(false);
});

test("names become words", () => {
  expect(["curve_number", "curveNumber", "runoff.table-2", "sessionID"].map(humanise)).toEqual([
    "Curve number",
    "Curve number",
    "Runoff table 2",
    "Session ID",
  ]);
});

test("a hint says nothing that the description says already", () => {
  const lines = (description: string) =>
    partOf(object({ x: { type: "array", items: { type: "string" }, description } })).parts![0]!.hint;
  expect(lines("stations, one a line")).toBe("Stations, one a line");
  expect(lines("One a line.")).toBe("One a line");
  expect(lines("stations")).toBe("Stations; one a line");
});
