/** Where a cell comes from, in sentences. */
import type { components } from "../api/generated";
import { typeName } from "../parts/format";
import { exact } from "./tsv";

export type Explained = components["schemas"]["CellExplained"];
type Place = components["schemas"]["CellPlace"];
type Step = components["schemas"]["StepOfCell"];

export interface Line {
  /** The step, as the history says it; nothing for the file. */
  sentence?: string;
  said: string;
  /** The value after it. */
  value: unknown;
}

/** A value within a sentence. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return "missing";
  const text = exact(value);
  return typeof value === "number" ? text : `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
}

const row = (place: Place) => `row ${(place.rowIndex + 1).toLocaleString("en-US")}`;

function ofStep(step: Step): string {
  const { before, after } = step;
  const parts = step.what.map((what) => {
    switch (what) {
      case "changed":
        return before && exact(before.value) !== exact(after.value)
          ? `${before.value === null || before.value === undefined ? "it was missing and" : quote(before.value)} became ${quote(after.value)}`
          : `the column is kept as ${typeName(after.dataType)} from then on, the value is the same`;
      case "renamed":
        return `the column was called ${before?.column ?? "otherwise"} before`;
      case "copied":
        return `the column is a copy of ${before?.column ?? "another one"}`;
      case "moved":
        return before ? `it stood in ${row(before)} before, now in ${row(after)}` : "the row stood elsewhere before";
      case "rowAdded":
        return "this step made the row";
      case "columnMade":
        return step.reads && step.reads.length > 0
          ? `this step made it from ${step.reads.map((each) => `${each.column} (${quote(each.value)})`).join(", ")}`
          : "this step made the column";
      default:
        return "the cell cannot be followed further back";
    }
  });
  const said = parts.join("; ");
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${step.note ? `: ${step.note}` : ""}.`;
}

/** The way of a cell, the file first. */
export function linesOf(explained: Explained, file: string): Line[] {
  const lines: Line[] = [];
  const { original } = explained;
  if (original) {
    const unit = original.unit ?? "line";
    const where = original.line
      ? `${unit.charAt(0).toUpperCase()}${unit.slice(1)} ${original.line.toLocaleString("en-US")} of ${file}`
      : file;
    lines.push({ said: `${where}, column ${original.column}: ${quote(original.value)}.`, value: original.value });
  }
  for (const step of explained.steps)
    lines.push({ sentence: step.sentence, said: ofStep(step), value: step.after.value });
  return lines;
}

/** What it comes to, in one sentence. */
export function inShort(explained: Explained): string {
  const { original, steps } = explained;
  if (!original)
    return steps[0]?.what.includes("unknown")
      ? "Its way cannot be followed back to the file."
      : "It does not stand in the file: a step made it.";
  if (steps.length === 0) return "It stands in the file as it is here.";
  return exact(original.value) === exact(explained.value)
    ? "The value is the file’s; no step changed it, only where it stands or how it is kept."
    : "Steps changed what stands in the file.";
}
