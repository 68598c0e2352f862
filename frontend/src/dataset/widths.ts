/** How wide columns are: to their content, or as the person set them, which is remembered for each dataset. */
import { exact } from "./tsv";

const KEY = "longshore.widths";
const DATASETS_KEPT = 40;
const CHARACTER = 7.83;
const NARROWEST = 84;

type Widths = Record<string, number>;

function all(): Record<string, Widths> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, Widths>;
  } catch {
    return {};
  }
}

export const widthsOf = (dataset: string): Widths => all()[dataset] ?? {};

export function rememberWidth(dataset: string, column: string, width: number): void {
  const { [dataset]: own, ...others } = all();
  // The newest stand at the end.
  const kept = Object.fromEntries(Object.entries(others).slice(1 - DATASETS_KEPT));
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept, [dataset]: { ...own, [column]: Math.round(width) } }));
  } catch {
    // A browser that keeps nothing starts with the content's widths again.
  }
}

/** Width for a column's name and these of its values; `widest` bounds what values alone ask for. */
export function fitWidth(name: string, values: unknown[], widest = innerWidth <= 720 ? 180 : 340): number {
  const longest = values.reduce<number>((most, value) => Math.max(most, exact(value).length), 0);
  const head = name.length * 7.6 + 62;
  return Math.round(Math.max(NARROWEST, Math.min(head, widest), Math.min(longest * CHARACTER + 26, widest)));
}
