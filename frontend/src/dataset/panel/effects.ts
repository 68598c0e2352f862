/** What a preview says, in words. */
import type { PreviewAnswer } from "../../api/rest";
import { count, counted, typeName } from "../../parts/format";

const MOST_RETYPED = 3;

export interface Effect {
  /** Empty where the notes say everything. */
  text: string;
  isSomething: boolean;
  /** What to know before it is applied. */
  notes: { text: string; isLoss?: boolean }[];
}

type Seen = Pick<
  PreviewAnswer,
  "rows" | "changedCells" | "lostCells" | "retypedColumns" | "newColumns" | "removedColumns" | "facts"
>;

export function effectOf(operation: string, preview: Seen, rows: number, other = "the other table"): Effect {
  const said: string[] = [];
  if (preview.rows < rows) said.push(`removes ${counted(rows - preview.rows, "row")}, ${count(preview.rows)} stay`);
  if (preview.rows > rows) said.push(`adds ${counted(preview.rows - rows, "row")}`);
  const lost = preview.lostCells ?? 0;
  const changed = (preview.changedCells ?? 0) - lost;
  for (const { column, before, after } of preview.retypedColumns.slice(0, MOST_RETYPED))
    said.push(`changes ${column} from ${typeName(before)} to ${typeName(after)}`);
  if (preview.retypedColumns.length > MOST_RETYPED)
    said.push(`changes the type of ${counted(preview.retypedColumns.length - MOST_RETYPED, "more column")}`);
  if (changed > 0) said.push(`changes ${counted(changed, "cell")}`);
  if (preview.newColumns.length > 0)
    said.push(
      `makes ${preview.newColumns.length === 1 ? preview.newColumns[0] : counted(preview.newColumns.length, "column")}`,
    );
  if (preview.removedColumns.length > 0)
    said.push(
      `removes ${preview.removedColumns.length === 1 ? preview.removedColumns[0] : counted(preview.removedColumns.length, "column")}`,
    );
  const isSomething = said.length > 0 || lost > 0;
  const text = isSomething
    ? said.join("; ")
    : preview.changedCells === 0
      ? "Changes no value"
      : "Moves rows or columns, changes no value";
  return {
    text: text && `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
    isSomething,
    notes: [
      ...(lost > 0
        ? [{ text: `${counted(lost, "cell")} ${lost === 1 ? "becomes" : "become"} missing`, isLoss: true }]
        : []),
      ...notesOf(operation, preview.facts ?? {}, other),
    ],
  };
}

function notesOf(operation: string, facts: Record<string, unknown>, other: string): Effect["notes"] {
  if (operation === "join") return joinNotes(facts, other);
  if (operation === "appendFile") return appendNotes(facts, other);
  return [];
}

const number = (facts: Record<string, unknown>, name: string) => (typeof facts[name] === "number" ? facts[name] : 0);

const finding = (rows: number, of = "") => `${counted(rows, "row")}${of} ${rows === 1 ? "finds" : "find"}`;

function joinNotes(facts: Record<string, unknown>, other: string): Effect["notes"] {
  const [matched, unmatched] = [number(facts, "matched"), number(facts, "unmatched")];
  const notes: Effect["notes"] = [
    { text: `${count(matched)} of ${counted(matched + unmatched, "row")} match`, isLoss: matched === 0 },
  ];
  if (unmatched > 0) notes.push({ text: `${finding(unmatched)} nothing in ${other}`, isLoss: true });
  if (number(facts, "otherUnmatched") > 0)
    notes.push({ text: `${finding(number(facts, "otherUnmatched"), ` of ${other}`)} nothing here` });
  const several = number(facts, "duplicateKeys");
  if (several > 0)
    notes.push({
      text: `${several === 1 ? "One key stands" : `${count(several)} keys stand`} in several rows of ${other}, so rows may multiply: ${count(number(facts, "rowsBefore"))} become ${count(number(facts, "rowsAfter"))}`,
      isLoss: true,
    });
  return [...notes, ...typeNotes(facts)];
}

const listed = (names: unknown) => {
  const all = Array.isArray(names) ? names.map(String) : [];
  return all.length <= 4 ? all.join(", ") : `${all.slice(0, 3).join(", ")} and ${all.length - 3} more`;
};
const isFilled = (names: unknown): names is unknown[] => Array.isArray(names) && names.length > 0;

function appendNotes(facts: Record<string, unknown>, other: string): Effect["notes"] {
  const notes: Effect["notes"] = [];
  if (isFilled(facts.onlyHere))
    notes.push({ text: `Only here, so missing in the new rows: ${listed(facts.onlyHere)}`, isLoss: true });
  if (isFilled(facts.onlyThere)) notes.push({ text: `Only in ${other}: ${listed(facts.onlyThere)}` });
  if (notes.length === 0) notes.push({ text: "Both have the same columns" });
  return [...notes, ...typeNotes(facts)];
}

function typeNotes(facts: Record<string, unknown>): Effect["notes"] {
  const differ = (Array.isArray(facts.typesDiffer) ? facts.typesDiffer : []) as {
    column: string;
    here: string;
    there: string;
    became: string;
  }[];
  return differ.map((each) => ({
    text: `${each.column} is ${typeName(each.here)} here and ${typeName(each.there)} there; it becomes ${typeName(each.became)}`,
  }));
}
