/** What a job returned, and how it is best shown: a table, a chart, a value, named values, or JSON. */
import { recordsOf } from "../parts/records";

export type Records = Record<string, unknown>[];
export type Found =
  | { kind: "nothing" }
  | { kind: "value"; value: string | number | boolean }
  | { kind: "list"; values: unknown[] }
  | { kind: "text"; text: string }
  | { kind: "chart"; spec: Record<string, unknown> }
  | { kind: "table"; records: Records }
  | { kind: "named"; entries: { name: string; found: Found }[] }
  | { kind: "json"; value: unknown };

const DEEPEST = 1;
const LONG_TEXT = 300;
const SHORT_LIST = 8;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): value is string | number | boolean =>
  ["string", "number", "boolean"].includes(typeof value);

/** How a result is shown; values with names are looked into one level deep. */
export function classify(value: unknown, depth = 0): Found {
  if (value === null || value === undefined) return { kind: "nothing" };
  if (typeof value === "string" && (value.includes("\n") || value.length > LONG_TEXT))
    return { kind: "text", text: value };
  if (isScalar(value)) return { kind: "value", value };
  if (depth > 0 && isShort(value)) return { kind: "list", values: Object.values(value) };
  if (isChart(value)) return { kind: "chart", spec: value };
  const records = recordsOf(value) ?? listed(value);
  if (records) return { kind: "table", records };
  if (isObject(value) && depth < DEEPEST && Object.keys(value).length > 0)
    return {
      kind: "named",
      entries: Object.entries(value).map(([name, each]) => ({ name, found: classify(each, depth + 1) })),
    };
  return { kind: "json", value };
}

/** A few plain values, or none, which need no table of their own among others. */
const isShort = (value: unknown): value is unknown[] | Record<string, never> =>
  Array.isArray(value)
    ? value.length <= SHORT_LIST &&
      value.every((each) => isScalar(each) && String(each).length <= 40 && referenceOf(String(each)) === undefined)
    : isObject(value) && Object.keys(value).length === 0;

/** A Vega-Lite document, as Altair's `to_dict()` makes it. */
export const isChart = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && typeof value.$schema === "string" && /vega-lite/.test(value.$schema);

/** A list of plain values is a table of one column. */
function listed(value: unknown): Records | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((each) => isScalar(each) || each === null)
    ? value.map((each: unknown) => ({ value: each }))
    : undefined;
}

export type Reference =
  | { kind: "dataset"; id: string }
  | { kind: "file"; address: string; name?: string }
  | { kind: "page"; address: string };

/** Where a text leads: to a dataset of this server, a file that it hands out, or another page. */
export function referenceOf(text: string, origin = ""): Reference | undefined {
  if (/^[0-9a-f]{30}$/.test(text)) return { kind: "dataset", id: text };
  const own = origin !== "" && text.startsWith(`${origin}/`) ? text.slice(origin.length) : text;
  if (/^\/cached-file\?(.*&)?uid=/.test(own) || /^\/fs\/[^/]/.test(own))
    return { kind: "file", address: own, name: fileName(own) };
  const dataset = /^\/([0-9a-f]{30})\/?$/.exec(own)?.[1];
  if (dataset) return { kind: "dataset", id: dataset };
  return /^https?:\/\/[^\s]+$/.test(text) ? { kind: "page", address: text } : undefined;
}

/** The name of a path file; that of a link stands in the server's answer alone. */
const fileName = (address: string) =>
  address.startsWith("/fs/") ? decodeURIComponent(address.split("/").at(-1) ?? "") : undefined;

/** All references in a document, each once, with the place where it stands (`report.file`). */
export function referencesIn(value: unknown, origin = "", most = 20): { place: string; to: Reference }[] {
  const found = new Map<string, { place: string; to: Reference }>();
  const look = (each: unknown, place: string) => {
    if (found.size >= most) return;
    if (typeof each === "string") {
      const to = referenceOf(each, origin);
      if (to && !found.has(each)) found.set(each, { place, to });
    } else if (Array.isArray(each))
      for (const [at, item] of each.slice(0, 1000).entries()) look(item, `${place}[${at}]`);
    else if (isObject(each))
      for (const [name, item] of Object.entries(each)) look(item, place === "" ? name : `${place}.${name}`);
  };
  look(value, "");
  return [...found.values()];
}

/** How the values of a table's column are drawn. */
export type Scale = "quantitative" | "temporal" | "nominal";

export function scaleOf(records: Records, name: string): Scale {
  const values = records
    .slice(0, 1000)
    .map((record) => record[name])
    .filter((value) => value !== null && value !== undefined);
  if (values.length > 0 && values.every((value) => typeof value === "number")) return "quantitative";
  return values.length > 0 &&
    values.every((value) => typeof value === "string" && /^\d{4}-\d\d(-\d\d([T ]\d\d:\d\d.*)?)?$/.test(value))
    ? "temporal"
    : "nominal";
}

export type Mark = "line" | "bar" | "point";
export const ROW = "row";
const MOST_DRAWN = 5000;

/** The columns that a chart may have: across any of plain values, upwards numbers. */
export function drawable(records: Records): { across: string[]; upwards: string[] } {
  const names = [...new Set(records.slice(0, 1000).flatMap((record) => Object.keys(record)))];
  const plain = names.filter((name) =>
    records
      .slice(0, 1000)
      .every((record) => record[name] === null || record[name] === undefined || isScalar(record[name])),
  );
  return { across: plain, upwards: plain.filter((name) => scaleOf(records, name) === "quantitative") };
}

/** A quick chart of a table; `across` may be ROW, the rows' numbers. */
export function chartOf(
  records: Records,
  { across, upwards, mark, colour }: { across: string; upwards: string; mark: Mark; colour: string },
): Record<string, unknown> {
  const scale = across === ROW ? "quantitative" : scaleOf(records, across);
  const values = records
    .slice(0, MOST_DRAWN)
    .map((record, at) => ({ x: across === ROW ? at + 1 : record[across], y: record[upwards] }));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values },
    mark: {
      type: mark,
      color: colour,
      tooltip: true,
      ...(mark === "line" ? { point: values.length <= 60 && { color: colour } } : {}),
    },
    config: { view: { stroke: null } },
    encoding: {
      x: {
        field: "x",
        type: mark === "bar" && scale !== "temporal" ? "ordinal" : scale,
        title: across === ROW ? "Row" : across,
        ...(scale === "nominal" ? { sort: null } : {}),
        ...(scale === "quantitative" && mark !== "bar" ? { scale: { zero: false } } : {}),
      },
      y: { field: "y", type: "quantitative", title: upwards },
    },
  };
}

/** The mark that suits an axis: lines along numbers and times, bars for names. */
export const markFor = (records: Records, across: string): Mark =>
  across !== ROW && scaleOf(records, across) === "nominal" ? "bar" : "line";

export const isCut = (records: Records) => records.length > MOST_DRAWN;
