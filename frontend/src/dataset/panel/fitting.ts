/** Which operations fit what is selected, the most used first, and what each would do to this very table. */
import type { Metadata, OperationInfo } from "../../api/rest";
import { rank } from "../../palette/ranking";
import { count, counted, typeName } from "../../parts/format";
import { isNarrowed, type View } from "../view";
import type { Selected } from "./forms";

export interface Offer {
  operation: OperationInfo;
  title: string;
  line: string;
  group: string;
  isFitting: boolean;
}
export interface Situation {
  meta: Metadata;
  selected: Selected;
  view: View;
  viewRows: number;
}

const ENOUGH = {
  any: () => true,
  one: (number: number) => number === 1,
  some: (number: number) => number > 0,
  several: (number: number) => number > 1,
};

/** `decimal(10,2)` is of the kind `decimal`. */
const isKind = (kinds: string[]) => (info: { dataType: string }) =>
  kinds.length === 0 || kinds.includes(info.dataType.replace(/\W.*/, ""));

function isFit({ columns, kinds, missing, rows, view }: OperationInfo["fits"], situation: Situation): boolean {
  const { meta, selected } = situation;
  const infos = selected.columns.map((column) => meta.columnInfo[column]).filter((info) => info !== undefined);
  return (
    ENOUGH[columns](infos.length) &&
    ENOUGH[rows](selected.rows.length) &&
    (!view || isNarrowed(situation.view)) &&
    (columns === "any" || infos.every(isKind(kinds))) &&
    (!missing || infos.some((info) => info.invalidValues > 0))
  );
}

/** What the words between braces in an operation's lines stand for; what nothing selected stands for is left out. */
function wordsFor({ meta, selected, viewRows }: Situation): Record<string, string> {
  const { rows, columns: width } = meta.dataSize;
  const words: Record<string, string> = {
    rows: counted(rows, "row"),
    width: count(width),
    widthLeft: count(width - selected.columns.length),
    shownRows: counted(viewRows, "row"),
    hiddenRows: counted(rows - viewRows, "row"),
  };
  if (selected.rows.length > 0) {
    words.row = count(selected.rows[0]! + 1);
    words.selectedRows = counted(selected.rows.length, "row");
  }
  const column = selected.columns[0];
  const info = column === undefined ? undefined : meta.columnInfo[column];
  if (column === undefined || !info) return words;
  const missing = selected.columns.reduce((sum, name) => sum + (meta.columnInfo[name]?.invalidValues ?? 0), 0);
  const several = selected.columns.length > 1 ? counted(selected.columns.length, "column") : undefined;
  const values = counted(rows - info.invalidValues, "value");
  return {
    ...words,
    column,
    columns: several ?? column,
    names: selected.columns.join(", "),
    cells: several ?? `the ${values} of ${column}`,
    values,
    kind: typeName(info.dataType),
    place: count(info.index + 1),
    missing: counted(missing, "missing value"),
    missingRows: counted(missing, "row"),
  };
}

/** The first of an operation's lines that can be filled in, or what it does in general. */
function lineOf(operation: OperationInfo, words: Record<string, string>): string {
  for (const line of operation.lines) {
    const asked = [...line.matchAll(/\{(\w+)\}/g)].map((found) => found[1]!);
    if (asked.every((name) => words[name] !== undefined)) return line.replace(/\{(\w+)\}/g, (_, name) => words[name]!);
  }
  return operation.summary;
}

/** All operations, those that fit first, else in the server's order; the others with what they do in general. */
export function everything(operations: OperationInfo[], situation: Situation): Offer[] {
  const words = wordsFor(situation);
  const all = operations.map((operation): Offer => {
    const isFitting = isFit(operation.fits, situation);
    return {
      operation,
      title: operation.title,
      group: operation.group,
      isFitting,
      line: isFitting ? lineOf(operation, words) : operation.summary,
    };
  });
  return all.sort((one, other) => Number(other.isFitting) - Number(one.isFitting));
}

/** The operations to offer; a search looks at all of them, and puts the best match first. */
export function offers(operations: OperationInfo[], situation: Situation, search: string): Offer[] {
  const all = everything(operations, situation);
  if (search.trim() === "") return all.filter((offer) => offer.isFitting);
  return rank(search, all, (offer) => [
    offer.title,
    `${offer.operation.words} ${offer.operation.name}`,
    offer.operation.summary,
  ]).map((found) => found.item);
}

/** Things under their headings, in the order in which these come up. */
export function grouped<T extends { group: string }>(items: T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}
