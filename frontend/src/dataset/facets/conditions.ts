/**
 * What facets choose, as conditions in the server's expression language and back again: the address of a page holds
 * the conditions, so a link shows the same rows with the same facets.
 */
import { isNumeric, isTime } from "../../parts/format";

export type Value = string | boolean;
export type FacetKind = "values" | "number" | "date" | "datetime";

/** Chosen values of a column; `missing` counts as one of them. Without any, every row is shown. */
export interface ValuesFacet {
  kind: "values";
  column: string;
  values: Value[];
  missing: boolean;
  /** Whether everything but these is shown. */
  exclude: boolean;
}
/** A stretch of numbers or moments, ends included; an end that is absent is open. */
export interface RangeFacet {
  kind: "number" | "date" | "datetime";
  column: string;
  low?: number | string;
  high?: number | string;
  /** Which of the rows without a value are shown: with the others, none of them, only they. */
  missing: "with" | "without" | "only";
}
export type Facet = ValuesFacet | RangeFacet;

/** The kind of facet that a column of a type can have. */
export function facetKind(dataType: string): FacetKind | undefined {
  if (dataType === "string" || dataType === "boolean" || dataType === "categorical" || dataType === "enum")
    return "values";
  if (isTime(dataType)) return dataType as "date" | "datetime";
  return isNumeric(dataType) && dataType !== "duration" ? "number" : undefined;
}

export const emptyFacet = (kind: FacetKind, column: string): Facet =>
  kind === "values" ? { kind, column, values: [], missing: false, exclude: false } : { kind, column, missing: "with" };

export const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;

const quoteValue = (value: Value) => (typeof value === "boolean" ? String(value).toUpperCase() : quoteText(value));

function quoteEnd(kind: RangeFacet["kind"], value: number | string): string {
  if (kind === "number") return String(value);
  return `${kind === "date" ? "DATE" : "TIMESTAMP"} ${quoteText(String(value))}`;
}

export const isChosen = (facet: Facet) =>
  facet.kind === "values"
    ? facet.values.length > 0 || facet.missing
    : facet.low !== undefined || facet.high !== undefined || facet.missing !== "with";

/** The rows that a facet shows; nothing for all. */
export function conditionOf(facet: Facet): string | undefined {
  if (!isChosen(facet)) return undefined;
  const name = quoteName(facet.column);
  if (facet.kind !== "values") {
    if (facet.missing === "only") return `${name} IS NULL`;
    const [low, high] = [facet.low, facet.high].map((end) =>
      end === undefined ? undefined : quoteEnd(facet.kind, end),
    );
    if (low === undefined && high === undefined) return `${name} IS NOT NULL`;
    const within =
      low === undefined
        ? `${name} <= ${high}`
        : high === undefined
          ? `${name} >= ${low}`
          : `${name} BETWEEN ${low} AND ${high}`;
    return facet.missing === "with" ? `${within} OR ${name} IS NULL` : within;
  }
  if (facet.values.length === 0) return `${name} IS ${facet.exclude ? "NOT " : ""}NULL`;
  const listed = `${name} ${facet.exclude ? "NOT " : ""}IN (${facet.values.map(quoteValue).join(", ")})`;
  return facet.missing === facet.exclude ? listed : `${listed} OR ${name} IS NULL`;
}

/** Conditions that all have to hold. */
export function allOf(conditions: string[]): string | undefined {
  return conditions.length < 2 ? conditions[0] : conditions.map((each) => `(${each})`).join(" AND ");
}

const NAME = String.raw`"((?:[^"]|"")*)"`;
const TEXT = String.raw`'(?:[^']|'')*'`;
const END = String.raw`(-?[\d.]+(?:[eE][+-]?\d+)?|(?:DATE|TIMESTAMP) ${TEXT})`;
const OR_MISSING = String.raw`( OR ${NAME} IS NULL)?`;
const LISTED = new RegExp(String.raw`^${NAME} (NOT )?IN \(((?:${TEXT}|TRUE|FALSE|, )*)\)${OR_MISSING}$`, "s");
const MISSING = new RegExp(String.raw`^${NAME} IS (NOT )?NULL$`, "s");
const ONE_END = new RegExp(String.raw`^${NAME} (<=|>=) ${END}${OR_MISSING}$`, "s");
const BETWEEN = new RegExp(String.raw`^${NAME} BETWEEN ${END} AND ${END}${OR_MISSING}$`, "s");

const unquote = (text: string) => text.slice(1, -1).replaceAll("''", "'");
const readValue = (written: string): Value => (written.startsWith("'") ? unquote(written) : written === "TRUE");
const readEnd = (written: string): number | string =>
  /^(DATE|TIMESTAMP)/.test(written) ? unquote(written.slice(written.indexOf("'"))) : Number(written);

/**
 * The facet whose condition this is; nothing for a condition of another form, or one that does not fit the column.
 *
 * @param typeOf the type of a column; undefined where there is none.
 */
export function facetOf(condition: string, typeOf: (column: string) => string | undefined): Facet | undefined {
  const read = readFacet(condition, typeOf);
  return read && conditionOf(read) === condition ? read : undefined;
}

function readFacet(condition: string, typeOf: (column: string) => string | undefined): Facet | undefined {
  const found = [LISTED, MISSING, ONE_END, BETWEEN].map((form) => form.exec(condition));
  const match = found.find(Boolean);
  if (!match) return undefined;
  const column = match[1]!.replaceAll('""', '"');
  const kind = facetKind(typeOf(column) ?? "");
  const [listed, missing, oneEnd, between] = found;
  if (kind === undefined) return undefined;
  if (kind === "values") {
    if (missing) return { kind, column, values: [], missing: true, exclude: missing[2] !== undefined };
    if (!listed) return undefined;
    const exclude = listed[2] !== undefined;
    const values = [...listed[3]!.matchAll(new RegExp(`${TEXT}|TRUE|FALSE`, "gs"))].map(([written]) =>
      readValue(written),
    );
    return { kind, column, values, missing: (listed[4] !== undefined) !== exclude, exclude };
  }
  if (missing) return { kind, column, missing: missing[2] ? "without" : "only" };
  if (oneEnd)
    return {
      kind,
      column,
      [oneEnd[2] === ">=" ? "low" : "high"]: readEnd(oneEnd[3]!),
      missing: oneEnd[4] ? "with" : "without",
    };
  if (between)
    return {
      kind,
      column,
      low: readEnd(between[2]!),
      high: readEnd(between[3]!),
      missing: between[4] ? "with" : "without",
    };
  return undefined;
}

/** A click on a value: only it, or every value again when it was the only one. */
export function only(facet: ValuesFacet, value: Value | null): ValuesFacet {
  const alone = isAmong(facet, value) && !facet.exclude && facet.values.length + Number(facet.missing) === 1;
  return {
    ...facet,
    values: value === null || alone ? [] : [value],
    missing: value === null && !alone,
    exclude: false,
  };
}

/** Ctrl-click or plus: the value as well, or no longer. */
export function also(facet: ValuesFacet, value: Value | null): ValuesFacet {
  const start: ValuesFacet = facet.exclude ? { ...facet, values: [], missing: false, exclude: false } : facet;
  return toggled(start, value);
}

/** Minus: everything but the value, or with it again. */
export function allBut(facet: ValuesFacet, value: Value | null): ValuesFacet {
  const start: ValuesFacet = facet.exclude ? facet : { ...facet, values: [], missing: false, exclude: true };
  const next = toggled(start, value);
  return isChosen(next) ? next : { ...next, exclude: false };
}

export const isAmong = (facet: ValuesFacet, value: Value | null) =>
  value === null ? facet.missing : facet.values.includes(value);

function toggled(facet: ValuesFacet, value: Value | null): ValuesFacet {
  if (value === null) return { ...facet, missing: !facet.missing };
  const values = facet.values.includes(value)
    ? facet.values.filter((each) => each !== value)
    : [...facet.values, value];
  return { ...facet, values };
}

/** What a facet shows, as a person would say it. */
export function facetWords(facet: Facet): string {
  if (facet.kind === "values") {
    const said = facet.values.map((value) =>
      value === "" ? "empty text" : typeof value === "boolean" ? (value ? "yes" : "no") : value,
    );
    if (facet.missing) said.push("missing");
    const shown =
      said.length > 3
        ? `${said.slice(0, 2).join(", ")} and ${said.length - 2} more`
        : said.join(facet.exclude ? ", " : " or ");
    return `${facet.column} is ${facet.exclude ? "not " : ""}${shown}`;
  }
  if (facet.missing === "only") return `${facet.column} is missing`;
  const ends =
    facet.low === undefined
      ? facet.high === undefined
        ? "is not missing"
        : `up to ${readable(facet.high)}`
      : facet.high === undefined
        ? `from ${readable(facet.low)}`
        : `${readable(facet.low)} to ${readable(facet.high)}`;
  const isBounded = facet.low !== undefined || facet.high !== undefined;
  return `${facet.column} ${ends}${isBounded && facet.missing === "with" ? " or missing" : ""}`;
}

const readable = (end: number | string) =>
  typeof end === "number"
    ? end.toLocaleString("en-US", { maximumSignificantDigits: 8 })
    : end.replace("T", " ").replace(/ 00:00:00$/, "");
