/** What is worth a person's attention in a column, told from its profile. */

import { count, counted, isNumeric, share } from "../../parts/format";
import type { ColumnProfile } from "../session";

export interface Notice {
  words: string;
  /** Worth acting on, or only worth knowing. */
  tone: "attention" | "plain";
  /** What a person could do about it. */
  way?: "merge" | "dates" | "numbers" | "missing" | "trim";
}

const MISSING_WORDS = new Set([
  "",
  "-",
  "--",
  "—",
  "?",
  ".",
  "n/a",
  "na",
  "n.a.",
  "#n/a",
  "null",
  "none",
  "nil",
  "nan",
  "missing",
  "unknown",
  "not available",
  "not applicable",
  "no data",
  "(blank)",
  "tbd",
]);
const DATE =
  /^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|\d{1,2}\.? [A-Za-z]{3,9}\.? \d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})([ T]\d{1,2}:\d{2}.*)?\s*$/;
const NUMBER = /^\s*[-+]?[$€£]?\s?\d[\d\s.,']*\s?[%€$£]?\s*$/;
/** So much of what is seen has to look alike. */
const MOST = 0.9;

export const isMissingWord = (value: string) => MISSING_WORDS.has(value.trim().toLowerCase());

export function noticesOf(column: ColumnProfile, rows: number): Notice[] {
  const { invalid, unique_count: different, frequencies } = column.statistics;
  const there = rows - invalid;
  const found: Notice[] = [];
  if (rows === 0) return found;
  if (there === 0) return [{ words: "nothing but missing", tone: "attention", way: "missing" }];
  if (invalid / rows > 0.5) found.push({ words: `${share(invalid, rows)} missing`, tone: "attention", way: "missing" });
  if (different === 1) found.push({ words: "one value only", tone: "plain" });
  else if (different === there && there > 2) found.push({ words: "all values differ", tone: "plain" });
  if (column.dataType === "string") found.push(...textNotices(frequencies as [string, number][]));
  if (isNumeric(column.dataType)) found.push(...numberNotices(column.statistics));
  return found;
}

function textNotices(frequencies: [string, number][]): Notice[] {
  const found: Notice[] = [];
  const gaps = frequencies.filter(([value]) => isMissingWord(value)).map(([value]) => value);
  const real = frequencies.filter(([value]) => !isMissingWord(value));
  const seen = real.reduce((sum, [, number]) => sum + number, 0);
  const fitting = (form: RegExp) =>
    real.filter(([value]) => form.test(value)).reduce((sum, [, number]) => sum + number, 0);
  if (gaps.length > 0)
    found.push({
      words: gaps.length === 1 ? `missing written as ${quoted(gaps[0]!)}` : `${gaps.length} spellings of missing`,
      tone: "attention",
      way: "missing",
    });
  if (seen > 0 && fitting(DATE) / seen >= MOST)
    found.push({ words: "looks like dates kept as text", tone: "attention", way: "dates" });
  else if (seen > 0 && fitting(NUMBER) / seen >= MOST)
    found.push({ words: "looks like numbers kept as text", tone: "attention", way: "numbers" });
  if (real.some(([value]) => value !== value.trim()))
    found.push({ words: "blanks at the ends", tone: "attention", way: "trim" });
  const alike = real.length - new Set(real.map(([value]) => value.trim().toLowerCase())).size;
  if (alike > 0)
    found.push({
      words: `${counted(alike, "value")} ${alike === 1 ? "differs" : "differ"} only in capitals or blanks`,
      tone: "attention",
      way: "merge",
    });
  return found;
}

const quoted = (text: string) => (text === "" ? "empty text" : `“${text}”`);

function numberNotices(statistics: ColumnProfile["statistics"]): Notice[] {
  const [low, lower, upper, high] = (["min", "25%", "75%", "max"] as const).map((name) => Number(statistics[name]));
  const spread = upper! - lower!;
  if (!Number.isFinite(spread) || spread <= 0) return [];
  // Twice as far out as what a box plot draws as a point: next to nothing of an even spread lies there.
  const far = [low! < lower! - 6 * spread, high! > upper! + 6 * spread];
  if (!far[0] && !far[1]) return [];
  return [
    {
      words:
        far[0] && far[1]
          ? "values far out at both ends"
          : far[0]
            ? "values far below the others"
            : "values far above the others",
      tone: "plain",
    },
  ];
}

export type ProfileOrder = "table" | "name" | "missing" | "different" | "notices";

/** The columns that fit a search, in the order asked for. */
export function arranged(columns: ColumnProfile[], search: string, order: ProfileOrder, rows: number): ColumnProfile[] {
  const wanted = search.trim().toLowerCase();
  const fitting = columns.filter(
    (column) =>
      column.name.toLowerCase().includes(wanted) ||
      noticesOf(column, rows).some((notice) => wanted !== "" && notice.words.includes(wanted)),
  );
  const weight = (column: ColumnProfile) =>
    noticesOf(column, rows).reduce((sum, notice) => sum + (notice.tone === "attention" ? 10 : 1), 0);
  const by: Record<Exclude<ProfileOrder, "table">, (one: ColumnProfile, other: ColumnProfile) => number> = {
    name: (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true, sensitivity: "base" }),
    missing: (one, other) => other.statistics.invalid - one.statistics.invalid,
    different: (one, other) => other.statistics.unique_count - one.statistics.unique_count,
    notices: (one, other) => weight(other) - weight(one),
  };
  return order === "table" ? fitting : [...fitting].sort(by[order]);
}

/** Which of many rows of one height are to be drawn. */
export function inWindow(
  total: number,
  scrolled: number,
  height: number,
  rowHeight: number,
  around = 6,
): [number, number] {
  const first = Math.max(0, Math.min(total, Math.floor(scrolled / rowHeight)) - around);
  return [first, Math.min(total, Math.ceil((scrolled + height) / rowHeight) + around)];
}

export const rowsWords = (number: number, all: number) => `${count(number)} (${share(number, all)})`;
