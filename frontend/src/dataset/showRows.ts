/** Showing the rows that have one value: exactly this one, not those that merely contain it. */
import type { Session } from "./session";

export function showRowsWith(session: Session, column: string, value: unknown): void {
  if (value === null || value === undefined) {
    void session.setView({ filter: { type: "invalid", columns: [column] } });
    return;
  }
  const text = String(value).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  void session.setView({ search: { query: `^${text}$`, isRegex: true, columns: [column] } });
}
