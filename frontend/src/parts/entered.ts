/** Reading what was entered into a form of `schema.ts`: the JSON to send, or what is wrong with which part. */
import { isNumeral, type Part, type Raw, type RawGroup, type Schema } from "./schema";

export interface Problem {
  /** Where, as the server writes it: `storms[3].depth`; "" for the whole. */
  field: string;
  message: string;
  /** Nothing was entered yet; not worth saying before somebody wants to send it. */
  isMissing?: boolean;
}

const ABSENT = Symbol("left out");

export const below = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);
export const entry = (path: string, at: number) => `${path}[${at}]`;

/** The document that a form's raw values say, and all that is wrong with them. */
export function readEntered(part: Part, raw: Raw): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const value = read(part, raw, "", problems);
  return { value: value === ABSENT ? {} : value, problems };
}

function read(part: Part, raw: Raw, path: string, problems: Problem[]): unknown {
  switch (part.kind) {
    case "fixed":
      return part.required || part.schema.default === undefined ? part.choices?.[0] : ABSENT;
    case "switch":
      return raw === true;
    case "group":
      return readGroup(part, raw as RawGroup, path, problems);
    case "rows":
      return readList(
        part,
        (raw as RawGroup[]).map((each, at) => read(part.item!, { ...each, isGiven: true }, entry(path, at), problems)),
        path,
        problems,
        "row",
      );
    case "ticks":
      return readList(
        part,
        [...(raw as number[])].sort((a, b) => a - b).map((at) => part.choices?.[at]),
        path,
        problems,
        "choice",
      );
    case "lines":
      return readLines(part, raw as string, path, problems);
    default:
      return readText(part, raw as string, path, problems);
  }
}

function readGroup(part: Part, raw: RawGroup, path: string, problems: Problem[]): unknown {
  if (!raw.isGiven) return leaveOut(part);
  const value: Record<string, unknown> = {};
  for (const each of part.parts ?? []) {
    const found = read(each, raw.values[each.name]!, below(path, each.name), problems);
    if (found !== ABSENT) value[each.name] = found;
  }
  return value;
}

/** What stands for a part that is left empty: nothing at all where that means the same. */
function leaveOut(part: Part): unknown {
  const { default: standard } = part.schema;
  if (part.nullable && (part.required || (standard !== null && standard !== undefined))) return null;
  return ABSENT;
}

function readList(part: Part, values: unknown[], path: string, problems: Problem[], noun: string): unknown {
  const { minItems: fewest = 0, maxItems: most = Infinity, default: standard } = part.schema;
  if (values.length === 0 && fewest === 0 && !part.required)
    return Array.isArray(standard) && standard.length > 0 ? [] : leaveOut(part);
  const count = (number: number) => `${number.toLocaleString("en-US")} ${number === 1 ? noun : `${noun}s`}`;
  if (values.length < fewest)
    problems.push({ field: path, message: `Give at least ${count(fewest)}`, isMissing: values.length === 0 });
  if (values.length > most)
    problems.push({
      field: path,
      message: `Give at most ${count(most)}; there are ${values.length.toLocaleString("en-US")}`,
    });
  return values;
}

function readLines(part: Part, text: string, path: string, problems: Problem[]): unknown {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const found: Problem[] = [];
  const values = lines.map((line, at) =>
    readText(part.item!, part.item!.kind === "text" ? line : line.trim(), entry(path, at), found),
  );
  if (found.length > 0)
    problems.push({
      field: path,
      message: inWords(found[0]!.field.slice(path.length), lower(found[0]!.message), "line"),
    });
  if (lines.length === 0 && part.required && !part.nullable) {
    problems.push({ field: path, message: "Give at least one line", isMissing: true });
    return values;
  }
  return readList(part, values, path, problems, "line");
}

function readText(part: Part, text: string, path: string, problems: Problem[]): unknown {
  const wrong = (message: string, isMissing = false) => {
    problems.push({ field: path, message, isMissing });
    return ABSENT;
  };
  if (text.trim() === "" && !(isText(part) && text !== "")) {
    const { default: standard } = part.schema;
    if (isText(part) && typeof standard === "string" && !part.nullable) return standard === "" ? ABSENT : "";
    if (!part.required || part.nullable) return leaveOut(part);
    return wrong(
      part.kind === "choice" ? "Choose one" : part.kind === "dataset" ? "Choose a dataset" : "Fill this in",
      true,
    );
  }
  switch (part.kind) {
    case "choice":
      return part.choices?.[Number(text)];
    case "number":
    case "integer":
      return readNumber(part, text, wrong);
    case "mixed":
      return isNumeral(text) ? Number(text) : text.trim();
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        return wrong(`This is not JSON: ${lower((error as Error).message)}`);
      }
    default:
      return checkText(part.schema, text) === undefined ? text : wrong(checkText(part.schema, text)!);
  }
}

const isText = (part: Part) => part.kind === "text" || part.kind === "paragraph" || part.kind === "secret";

function readNumber(part: Part, text: string, wrong: (message: string) => unknown): unknown {
  const value = Number(text.trim().replace(/[\u2212]/, "-"));
  if (!Number.isFinite(value))
    return wrong(/^-?\d+,\d+$/.test(text.trim()) ? "Write the decimal point as a point" : "Give a number");
  if (part.kind === "integer" && !Number.isInteger(value)) return wrong("Give a whole number");
  if (part.kind === "integer" && !Number.isSafeInteger(value))
    return wrong("This form takes whole numbers of up to 15 digits");
  const problem = checkNumber(part.schema, value);
  return problem === undefined ? value : wrong(problem);
}

function checkNumber(schema: Schema, value: number): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const words = (number: number) => number.toLocaleString("en-US", { maximumFractionDigits: 12 });
  if (minimum !== undefined && value < minimum) return `Give at least ${words(minimum)}`;
  if (maximum !== undefined && value > maximum) return `Give at most ${words(maximum)}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `Give more than ${words(exclusiveMinimum)}`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `Give less than ${words(exclusiveMaximum)}`;
  if (multipleOf !== undefined && Number.isInteger(multipleOf) && value % multipleOf !== 0)
    return `Give a multiple of ${words(multipleOf)}`;
  return undefined;
}

function checkText(schema: Schema, text: string): string | undefined {
  const letters = [...text].length;
  if (schema.minLength !== undefined && letters < schema.minLength)
    return `Give at least ${schema.minLength} characters`;
  if (schema.maxLength !== undefined && letters > schema.maxLength)
    return `Give at most ${schema.maxLength} characters; these are ${letters}`;
  if (schema.pattern !== undefined && !matches(schema.pattern, text)) return `This has to look like ${schema.pattern}`;
  return undefined;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true; // the server's kind of expressions; it will say
  }
}

/** Each problem beside the control that is nearest to its place; `""` for those that belong to none. */
export function placed(problems: Problem[], controls: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { field, message } of problems) {
    const near = controls
      .filter((path) => path === field || field.startsWith(`${path}.`) || field.startsWith(`${path}[`))
      .sort((a, b) => b.length - a.length)[0];
    const rest = near === undefined ? field : field.slice(near.length);
    const key = near ?? "";
    if (!found.has(key)) found.set(key, sentence(inWords(rest, message)));
  }
  return found;
}

/** The paths of all controls that a form shows. */
export function controlsOf(part: Part, raw: Raw, path = ""): string[] {
  if (part.kind === "group") {
    const group = raw as RawGroup;
    const own = path === "" ? [] : [path];
    return group.isGiven
      ? [
          ...own,
          ...(part.parts ?? []).flatMap((each) => controlsOf(each, group.values[each.name]!, below(path, each.name))),
        ]
      : own;
  }
  if (part.kind === "rows")
    return [
      path,
      ...(raw as RawGroup[]).flatMap((each, at) => controlsOf(part.item!, { ...each, isGiven: true }, entry(path, at))),
    ];
  return [path];
}

function inWords(rest: string, message: string, noun = "entry"): string {
  const words = rest
    .replace(/\[(\d+)\]/g, (_, at: string) => `.${noun} ${Number(at) + 1}`)
    .split(".")
    .filter(Boolean);
  return words.length === 0 ? message : `${words.join(", ")}: ${message}`;
}

const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
