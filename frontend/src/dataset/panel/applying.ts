/** Carrying a form out: a change of this table, or another table made of it. */

import type { OperationInfo } from "../../api/rest";
import { counted } from "../../parts/format";
import { remember } from "../../parts/preferences";
import { toast } from "../../parts/toasts";
import { datasetAddress, navigate } from "../../router";
import type { Session } from "../session";

export async function applyForm(
  session: Session,
  operation: OperationInfo,
  parameters: Record<string, unknown>,
): Promise<void> {
  const { name, title } = operation;
  if (!operation.makesDataset) {
    await session.change(name, parameters, title);
    return;
  }
  const answer = await session.busyWith(title, () => session.wire.ask(name, parameters, { isChange: true }));
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
