/** What the Look tab shows of a column: its numbers in words, and a chart of days made from the profile's bins. */
import { isNumeric, isTime, statistic } from "../../parts/format";

export interface Bins {
  edges: (number | string)[];
  counts: number[];
}

/** A Vega-Lite histogram over time; the bins are the profile's. */
export function timeSpec(column: string, { edges, counts }: Bins, colour: string): Record<string, unknown> {
  const values = counts.map((rows, at) => ({ from: String(edges[at]), to: String(edges[at + 1]), rows }));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values },
    mark: { type: "bar", color: colour, tooltip: true },
    encoding: {
      x: {
        field: "from",
        type: "temporal",
        title: column,
        axis: { grid: false, labelOverlap: true },
        scale: { type: "utc" },
      },
      x2: { field: "to" },
      y: { field: "rows", type: "quantitative", title: "Rows", axis: { tickCount: 3 } },
      tooltip: [
        { field: "from", type: "temporal", timeUnit: "utcyearmonthdate", title: "from" },
        { field: "to", type: "temporal", timeUnit: "utcyearmonthdate", title: "to" },
        { field: "rows", type: "quantitative", format: ",", title: "rows" },
      ],
    },
  };
}

const OF_NUMBERS: [string, string][] = [
  ["mean", "Mean"],
  ["std", "Standard deviation"],
  ["min", "Smallest"],
  ["25%", "Lower quarter"],
  ["50%", "Median"],
  ["median", "Median"],
  ["75%", "Upper quarter"],
  ["max", "Greatest"],
];
const OF_TIMES: [string, string][] = [
  ["min", "Earliest"],
  ["median", "Middle"],
  ["50%", "Middle"],
  ["max", "Latest"],
];

/** Name and value of each line, in the order people ask for them. */
export function facts(dataType: string, found: Record<string, unknown>): [string, string][] {
  const lines: [string, string][] = [["Different values", statistic(found.unique_count)]];
  const names = isNumeric(dataType) ? OF_NUMBERS : isTime(dataType) ? OF_TIMES : [];
  for (const [name, title] of names)
    if (found[name] !== undefined && found[name] !== null && !lines.some(([said]) => said === title))
      lines.push([title, statistic(found[name])]);
  if (dataType === "string" && typeof found.word_total === "number") {
    lines.push(
      ["Words in a value", range(found.word_count_min, found.word_count_max)],
      ["Different words", statistic(found.word_unique_count)],
      ["Letters in a word", range(found.word_length_min, found.word_length_max)],
    );
  }
  return lines;
}

const range = (from: unknown, to: unknown) =>
  from === to ? statistic(from) : `${statistic(from)} to ${statistic(to)}`;

export interface Frequent {
  value: unknown;
  rows: number;
}

/** The most frequent of something, or nothing where no value comes twice. */
export function frequent(found: unknown, most: number): Frequent[] {
  if (!Array.isArray(found)) return [];
  const pairs = (found as [unknown, number][]).slice(0, most).map(([value, rows]) => ({ value, rows }));
  return pairs.some(({ rows }) => rows > 1) ? pairs : [];
}

export const shownValue = (value: unknown) =>
  typeof value === "number" ? String(value) : value === "" ? "(empty)" : statistic(value);
