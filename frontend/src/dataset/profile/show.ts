/** Ways from a column's profile to the table: what to show there, and what to do. */

import { datasetAddress, navigate } from "../../router";
import { openClusters } from "../clusters/clusters";
import { conditionOf, emptyFacet, type Facet, facetKind } from "../facets/conditions";
import { openFacet } from "../facets/facets";
import { openForm, show } from "../panel/panel";
import type { Session } from "../session";
import { showAll, type View } from "../view";
import type { Notice } from "./noticing";

/** The address of the profile, of one column of it where one is named. */
export const profileAddress = (session: Session, column?: string) =>
  `${datasetAddress(session.id, "profile")}${column === undefined ? "" : `&column=${encodeURIComponent(column)}`}`;

/** Shows only some rows of the table, and the table. */
export async function showRows(session: Session, view: View): Promise<void> {
  if (await session.setView({ ...showAll(session.wanted), ...view })) navigate(datasetAddress(session.id));
}

/** Shows the rows with a value (null: without one) of a column, in a facet where it can have one. */
export function showValue(session: Session, column: string, value: string | boolean | number | null): void {
  const kind = facetKind(session.state.meta?.columnInfo[column]?.dataType ?? "");
  if (!kind) {
    if (value === null) void showRows(session, { filter: { type: "invalid", columns: [column] } });
    return;
  }
  const empty = emptyFacet(kind, column);
  const facet: Facet =
    empty.kind === "values"
      ? { ...empty, values: value === null || typeof value === "number" ? [] : [value], missing: value === null }
      : value === null
        ? { ...empty, missing: "only" }
        : { ...empty, low: value as string | number, high: value as string | number, missing: "without" };
  if (conditionOf(facet) !== undefined) void showRows(session, { facets: [facet] });
}

export function facetOn(session: Session, column: string): void {
  navigate(datasetAddress(session.id));
  openFacet(session, column);
}

/** Opens an operation's form on a column, beside the table. */
export function operate(session: Session, column: string, operation: string): void {
  session.store.set({ columns: [column], anchor: column });
  navigate(datasetAddress(session.id));
  show("do");
  openForm(session, operation);
}

export const WAYS: Record<NonNullable<Notice["way"]>, [string, (session: Session, column: string) => void]> = {
  merge: ["Merge spellings…", (_, column) => openClusters(column)],
  dates: ["Read as dates…", (session, column) => operate(session, column, "parseDates")],
  numbers: ["Read as numbers…", (session, column) => operate(session, column, "parseNumbers")],
  missing: ["Show these rows", (session, column) => showValue(session, column, null)],
  trim: ["Trim…", (session, column) => operate(session, column, "trimText")],
};
