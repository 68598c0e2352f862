/** What others did to the table, in words, and whether rows are still the rows they were. */

import type { History, HistoryStep, OperationInfo } from "../api/rest";
import type { News } from "../api/socket";
import { counted } from "../parts/format";

const done = (history: History | undefined): HistoryStep[] =>
  history?.steps.filter((step) => step.position <= history.position) ?? [];

/** The steps that lie between two states of a table, whichever way it went. */
function between(before: History | undefined, after: History | undefined): HistoryStep[] {
  const was = new Set(done(before).map((step) => step.version));
  const is = new Set(done(after).map((step) => step.version));
  return [
    ...done(after).filter((step) => !was.has(step.version)),
    ...done(before).filter((step) => !is.has(step.version)),
  ];
}

/** Whether a row's number still means the same row. */
export function keepsRows(
  before: History | undefined,
  after: History | undefined,
  operations: Pick<OperationInfo, "name" | "keepsRows">[],
): boolean {
  const inPlace = new Set(operations.filter((each) => each.keepsRows).map((each) => each.name));
  return (
    before !== undefined && after !== undefined && between(before, after).every((step) => inPlace.has(step.operation))
  );
}

/** What happened while the line was down. */
export function whatHappened(before: History | undefined, after: History | undefined): string {
  const was = new Set(done(before).map((step) => step.version));
  const fresh = done(after).filter((step) => !was.has(step.version));
  const gone = between(before, after).length - fresh.length;
  const parts: string[] = [];
  if (fresh.length === 1)
    parts.push(`Meanwhile${fresh[0]!.madeBy ? ` ${fresh[0]!.madeBy}` : ""}: ${fresh[0]!.sentence}.`);
  if (fresh.length > 1)
    parts.push(`Meanwhile ${counted(fresh.length, "step")} happened; the last: ${fresh.at(-1)!.sentence}.`);
  if (gone > 0) parts.push(`${counted(gone, "step")} ${gone === 1 ? "was" : "were"} taken back meanwhile.`);
  return parts.join(" ") || "Nothing changed meanwhile.";
}

/** One change of somebody else, as it is told. */
export function newsInWords(news: News, before: History | undefined, after: History | undefined): string {
  const maker = news.madeBy ?? "Somebody else";
  const lost = before?.steps.find((step) => step.current)?.sentence;
  const now = after?.steps.find((step) => step.current)?.sentence;
  if (news.operation === "undo") return `${maker} took back: ${lost ?? "the last step"}`;
  if (news.operation === "redo") return `${maker} did again: ${now ?? "a step"}`;
  if (news.operation === "goTo") return `${maker} went to the step: ${now ?? "another one"}`;
  return `${maker}: ${now ?? "changed the table"}`;
}

/** Two letters that stand for a person. */
export function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const letters =
    words.length > 1 ? `${[...words[0]!][0]}${[...words[1]!][0]}` : [...(words[0] ?? "?")].slice(0, 2).join("");
  return letters.toUpperCase();
}
