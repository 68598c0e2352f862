/** Carrying a form out: a change of this table, or another table made of it. */

import { counted } from "../../parts/format";
import { remember } from "../../parts/preferences";
import { toast } from "../../parts/toasts";
import { datasetAddress, navigate } from "../../router";
import type { Session } from "../session";

export async function applyForm(
  session: Session,
  operation: string,
  parameters: Record<string, unknown>,
  title: string,
): Promise<void> {
  if (operation !== "aggregate") {
    await session.change(operation, parameters, title);
    return;
  }
  const answer = await session.busyWith(title, () => session.wire.ask(operation, parameters, { isChange: true }));
  const made = String(answer.newSessionID);
  remember(made);
  remember(session.id);
  toast(
    `Made ${String(answer.name)}: ${counted(Number(answer.rows), "row")}, ${counted(Number(answer.columns), "column")}. This table stayed as it was.`,
    {
      action: { label: "Open it", run: () => navigate(datasetAddress(made)) },
    },
  );
}
