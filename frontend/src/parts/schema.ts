/**
 * Forms of any JSON Schema, as pydantic writes them: which control each property gets.
 *
 * A schema becomes a tree of parts. What the controls hold (text as it was typed) is a tree of the same shape, its raw
 * values; `entered.ts` reads them as the JSON that is sent. What no control can draw is a field of JSON.
 */

export interface Schema {
  type?: string | string[];
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema | boolean;
  prefixItems?: Schema[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  $ref?: string;
  $defs?: Record<string, Schema>;
  [other: string]: unknown;
}

export type Kind =
  | "text"
  | "paragraph"
  | "secret"
  | "number"
  | "integer"
  | "mixed"
  | "date"
  | "moment"
  | "time"
  | "dataset" // one line of text, as typed
  | "switch" // true or false
  | "choice" // the position of one of `choices`
  | "fixed" // nothing to choose
  | "ticks" // positions of some of `choices`
  | "lines" // a value a line
  | "group" // an object's properties
  | "rows" // objects
  | "json";

export interface Part {
  kind: Kind;
  /** The property's name; "" for the whole and for what stands in an array. */
  name: string;
  label: string;
  hint: string;
  required: boolean;
  /** Whether "nothing" may be sent as such. */
  nullable: boolean;
  schema: Schema;
  choices?: unknown[];
  parts?: Part[];
  item?: Part;
}

/** What the controls hold: text, a switch, positions of ticks, a group, or rows of groups. */
export type Raw = string | boolean | number[] | RawGroup | RawGroup[];
export interface RawGroup {
  /** Whether a group that may be left out is there. */
  isGiven: boolean;
  values: Record<string, Raw>;
}

const DEEPEST = 6;

interface Place {
  root: Schema;
  /** References that are being followed: one that comes again would never end. */
  within: string[];
  name: string;
  required: boolean;
}

/** The parts of a document's schema. */
export const partOf = (schema: Schema): Part => draw(schema, { root: schema, within: [], name: "", required: true });

function draw(given: Schema, place: Place): Part {
  const { schema, within, nullable } = resolve(given, place);
  const next = { ...place, within };
  const about = {
    name: place.name,
    label: labelOf(place.name, given.title),
    required: place.required,
    nullable,
    schema,
  };
  const found =
    within.length > DEEPEST || new Set(within).size < within.length
      ? ({ kind: "json" } as const)
      : shapeOf(schema, next, nullable);
  return { ...about, ...found, hint: hintOf(schema, found.kind) };
}

type Shape = Pick<Part, "kind" | "choices" | "parts" | "item">;

function shapeOf(schema: Schema, place: Place, nullable: boolean): Shape {
  if ("const" in schema)
    return nullable ? { kind: "choice", choices: [schema.const] } : { kind: "fixed", choices: [schema.const] };
  if (schema.enum) return { kind: "choice", choices: schema.enum };
  if (schema.anyOf ?? schema.oneOf) return unionOf(schema.anyOf ?? schema.oneOf ?? [], place);
  switch (schema.type) {
    case "string":
      return { kind: textKind(schema, place.name) };
    case "number":
    case "integer":
      return { kind: schema.type };
    case "boolean":
      return nullable ? { kind: "choice", choices: [true, false] } : { kind: "switch" };
    case "array":
      return listOf(schema, place);
    case "object":
      return groupOf(schema, place);
    default:
      return { kind: "json" };
  }
}

function textKind(schema: Schema, name: string): Kind {
  if (isDatasetField(schema, name)) return "dataset";
  const formats: Record<string, Kind> = {
    date: "date",
    "date-time": "moment",
    time: "time",
    password: "secret",
    multiline: "paragraph",
    textarea: "paragraph",
  };
  return formats[schema.format ?? ""] ?? ((schema.maxLength ?? 0) >= 400 ? "paragraph" : "text");
}

/** Whether a text is a dataset's id: by its format, the pattern of such ids, or its name. */
export function isDatasetField(schema: Schema, name: string): boolean {
  if (["dataset", "session", "session-id"].includes(schema.format ?? "")) return true;
  if (schema.pattern === "^[0-9a-f]{30}$") return true;
  return /^(.*_)?(dataset|session)(_?id)?$/i.test(name.replace(/([a-z])([A-Z])/g, "$1_$2"));
}

function unionOf(options: Schema[], place: Place): Shape {
  const each = options.map((option) => resolve(option, place).schema);
  if (each.every((option) => option.enum !== undefined || "const" in option))
    return { kind: "choice", choices: each.flatMap((option) => option.enum ?? [option.const]) };
  // A decimal number, which text keeps exactly, or whatever else is a number or a name.
  const isNumber = (option: Schema) => option.type === "number" || option.type === "integer";
  if (
    each.length > 1 &&
    each.every((option) => isNumber(option) || (option.type === "string" && option.format === undefined)) &&
    each.some((option) => option.type === "string")
  )
    return { kind: "mixed" };
  return { kind: "json" };
}

function listOf(schema: Schema, place: Place): Shape {
  if (typeof schema.items !== "object" || schema.prefixItems) return { kind: "json" };
  const item = draw(schema.items, { ...place, name: "", required: true });
  if (item.nullable) return { kind: "json" };
  if (item.kind === "choice") return { kind: "ticks", choices: item.choices };
  if (item.kind === "group") return { kind: "rows", item };
  if (["text", "number", "integer", "date", "moment", "time", "dataset"].includes(item.kind))
    return { kind: "lines", item: item.kind === "dataset" ? { ...item, kind: "text" } : item };
  return { kind: "json" };
}

function groupOf(schema: Schema, place: Place): Shape {
  if (!schema.properties) return { kind: "json" };
  const required = schema.required ?? [];
  return {
    kind: "group",
    parts: Object.entries(schema.properties).map(([name, property]) =>
      draw(property, { ...place, name, required: required.includes(name) }),
    ),
  };
}

/** A schema with what it refers to put in its place, and without its branch for nothing. */
function resolve(
  given: Schema,
  { root, within }: { root: Schema; within: string[] },
): { schema: Schema; within: string[]; nullable: boolean } {
  let schema = given;
  let seen = within;
  let nullable = false;
  for (let step = 0; step < 20; step++) {
    const options = schema.anyOf ?? schema.oneOf;
    if (schema.$ref !== undefined) {
      const { $ref, ...beside } = schema;
      seen = [...seen, $ref];
      schema = { ...(target(root, $ref) ?? {}), ...beside };
    } else if (schema.allOf?.length === 1) {
      const { allOf, ...beside } = schema;
      schema = { ...allOf[0], ...beside };
    } else if (Array.isArray(schema.type)) {
      nullable ||= schema.type.includes("null");
      const types = schema.type.filter((each) => each !== "null");
      schema = types.length === 1 ? { ...schema, type: types[0] } : { ...schema, type: undefined };
    } else if (options && (options.some(isNothing) || options.length === 1)) {
      nullable ||= options.some(isNothing);
      const { anyOf: _, oneOf: __, ...beside } = schema;
      const rest = options.filter((each) => !isNothing(each));
      schema = rest.length === 1 ? { ...rest[0], ...beside } : { ...beside, anyOf: rest };
    } else break;
    if (new Set(seen).size < seen.length) break;
  }
  return { schema, within: seen, nullable };
}

const isNothing = (schema: Schema) => schema.type === "null";

function target(root: Schema, reference: string): Schema | undefined {
  const steps = reference
    .replace(/^#\/?/, "")
    .split("/")
    .map((step) => step.replace(/~1/g, "/").replace(/~0/g, "~"));
  let found: unknown = root;
  for (const step of steps) found = (found as Record<string, unknown> | undefined)?.[step];
  return found as Schema | undefined;
}

/** `curve_number` and `curveNumber` as a person writes them. */
export function humanise(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[_.\-\s]+/g, " ")
    .trim()
    .replace(/\b[A-Z][a-z]/g, (start) => start.toLowerCase()); // abbreviations stay
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const letters = (text: string) => text.replace(/[\W_]/g, "").toLowerCase();

/** What a person calls a parameter: its title, if that is more than pydantic makes of the name ("Curve Number"). */
export function labelOf(name: string, title?: string): string {
  return name === "" || title === undefined || letters(title) === letters(name) ? humanise(name) : title;
}

function hintOf(schema: Schema, kind: Kind): string {
  const { description = "" } = schema;
  const said = kind === "group" ? "" : rangeOf(schema, kind);
  const own = description.replace(/\.$/, "");
  // Whoever wrote the description may have said it already.
  const isSaid = own.toLowerCase().includes(said);
  const text = [own, isSaid ? "" : said].filter(Boolean).join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The limits of a value in words. */
export function rangeOf(schema: Schema, kind: Kind): string {
  const number = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 12 });
  const { minimum: low, maximum: high, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const words: string[] = [];
  if (above !== undefined) words.push(`more than ${number(above)}`);
  if (low !== undefined && high !== undefined) words.push(`${number(low)} to ${number(high)}`);
  else if (low !== undefined) words.push(`at least ${number(low)}`);
  else if (high !== undefined) words.push(`at most ${number(high)}`);
  if (below !== undefined) words.push(`less than ${number(below)}`);
  if (kind === "lines") words.push("one a line");
  const { minItems: fewest, maxItems: most } = schema;
  if (fewest !== undefined && fewest === most) return [...words, `exactly ${number(fewest)}`].join(", ");
  if (fewest !== undefined && fewest > 1) words.push(`at least ${number(fewest)}`);
  if (most !== undefined) words.push(`at most ${number(most)}`);
  return words.join(", ");
}

/** What a part's control holds at first: what is given (such as an earlier job's input), else the default. */
export function rawOf(part: Part, given?: unknown): Raw {
  const value = given === undefined ? part.schema.default : given;
  switch (part.kind) {
    case "switch":
      return value === true;
    case "fixed":
      return "";
    case "choice": {
      const at = indexIn(part.choices, value);
      return at < 0 ? "" : String(at);
    }
    case "ticks":
      return Array.isArray(value) ? value.map((each) => indexIn(part.choices, each)).filter((at) => at >= 0) : [];
    case "lines":
      return Array.isArray(value) ? value.map((each) => textOf(each)).join("\n") : "";
    case "group":
      return rawGroup(part, value);
    case "rows": {
      const kept = Array.isArray(value)
        ? value
        : Array.from({ length: part.required ? Math.max(1, part.schema.minItems ?? 0) : 0 });
      return kept.map((each) => rawGroup(part.item!, each));
    }
    case "json":
      return value === undefined || (value === null && part.nullable) ? "" : JSON.stringify(value, null, 2);
    default:
      return value === undefined || value === null ? "" : textOf(value);
  }
}

function rawGroup(part: Part, value: unknown): RawGroup {
  const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  return {
    isGiven: (part.required && !part.nullable) || given !== undefined,
    values: Object.fromEntries((part.parts ?? []).map((each) => [each.name, rawOf(each, given?.[each.name])])),
  };
}

const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
const indexIn = (choices: unknown[] = [], value: unknown) =>
  choices.findIndex((each) => JSON.stringify(each) === JSON.stringify(value));

/** Whether a text is a number as JSON writes it: `9.9`, not `9.90`, which only a text keeps. */
export const isNumeral = (text: string) =>
  text.trim() !== "" && String(Number(text)) === text.trim() && Number.isFinite(Number(text));

/** Whether the controls of a form can hold these inputs without changing them, so that a job runs again as it ran. */
export function fits(part: Part, given: unknown): boolean {
  if (given === undefined || (given === null && part.nullable)) return true;
  const isText = typeof given === "string";
  switch (part.kind) {
    case "json":
      return true;
    case "group": {
      if (typeof given !== "object" || given === null || Array.isArray(given)) return false;
      return Object.entries(given).every(([name, value]) =>
        part.parts?.some((each) => each.name === name && fits(each, value)),
      );
    }
    case "rows":
      return Array.isArray(given) && given.every((each) => fits(part.item!, each));
    case "lines":
      return (
        Array.isArray(given) &&
        given.every(
          (each) =>
            fits(part.item!, each) && (typeof each !== "string" || (each.trim() !== "" && !/[\r\n]/.test(each))),
        )
      );
    case "ticks":
      return Array.isArray(given) && given.every((each) => indexIn(part.choices, each) >= 0);
    case "choice":
    case "fixed":
      return indexIn(part.choices, given) >= 0;
    case "switch":
      return typeof given === "boolean";
    case "number":
    case "integer":
      return typeof given === "number";
    case "mixed":
      return typeof given === "number" || (isText && !isNumeral(given) && !/[\r\n]/.test(given));
    case "paragraph":
    case "secret":
      return isText;
    case "moment":
      return isText && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/.test(given);
    case "date":
      return isText && /^\d{4}-\d\d-\d\d$/.test(given);
    case "time":
      return isText && /^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(given);
    default:
      return isText && !/[\r\n]/.test(given);
  }
}

/** A part's value as a person chooses it. */
export const choiceName = (value: unknown): string =>
  value === true ? "Yes" : value === false ? "No" : value === null ? "None" : textOf(value);
