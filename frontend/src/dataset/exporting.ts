/** A dataset as a file: its table, its steps. */

import { saveFile } from "../parts/save";
import type { Session } from "./session";
import { pageParameters } from "./view";

export const FORMATS = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["json", "JSON"],
  ["ndjson", "JSON lines"],
  ["parquet", "Parquet"],
  ["arrow", "Arrow"],
] as const;

/** Where the table is to be had in a format; `ofView`: only the rows shown, in their order. */
export function exportAddress(session: Session, format: string, ofView = false): string {
  const { view, meta } = session.state;
  const query = new URLSearchParams({ format });
  if (ofView && meta)
    for (const [key, value] of Object.entries(pageParameters(view, meta))) query.set(key, String(value));
  return `/api/v1/datasets/${session.id}/export?${query}`;
}

export async function saveRecipe(session: Session): Promise<void> {
  const answer = await session.wire.ask("recipe");
  saveFile(
    JSON.stringify(answer.recipe, null, 2),
    `${session.state.name.replace(/\.[^.]*$/, "")}.recipe.json`,
    "application/json",
  );
}

export async function saveScript(session: Session): Promise<void> {
  const answer = await session.wire.ask("script");
  saveFile(answer.script, answer.name, "text/x-python");
}
