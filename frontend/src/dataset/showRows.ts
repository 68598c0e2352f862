/** Showing the rows that have one value: exactly this one, not those that merely contain it. */
import { facetKind } from "./facets/conditions";
import { showValue } from "./profile/show";
import type { Session } from "./session";

export function showRowsWith(session: Session, column: string, value: unknown): void {
  if (value === undefined || value === null || facetKind(session.state.meta?.columnInfo[column]?.dataType ?? "")) {
    showValue(session, column, (value ?? null) as string | number | boolean | null);
    return;
  }
  // Times of day and durations have no facet.
  const text = String(value).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  void session.setView({ search: { query: `^${text}$`, isRegex: true, columns: [column] } });
}
