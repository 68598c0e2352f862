/** Before a middle step is taken out: what the later ones would do without it. */
import type { Replayed } from "../../api/rest";
import { Dialog } from "../../parts/Dialog";
import { counted } from "../../parts/format";
import { failed } from "../../parts/toasts";
import type { Session } from "../session";

export function DropDialog({
  session,
  version,
  sentence,
  report,
  close,
}: {
  session: Session;
  version: number;
  sentence: string;
  report: Replayed;
  close: () => void;
}) {
  const broken = report.steps.filter((step) => step.outcome !== "applied");
  const noted = report.steps.filter((step) => step.outcome === "applied" && step.note);
  const drop = () => {
    close();
    void session.change("dropStep", { version }, "Doing the later steps again").catch(failed);
  };
  return (
    <Dialog title="Take this step out?" close={close}>
      <p className="quote">{sentence}</p>
      {broken.length === 0 && (
        <p>
          {report.steps.length === 0
            ? "No later step depends on it."
            : `${counted(report.steps.length, "later step")} will be done again without it, and all of them still work.`}
        </p>
      )}
      {broken.length > 0 && (
        <>
          <p>These later steps no longer apply and go with it:</p>
          <ul className="report">
            {broken.map((step) => (
              <li key={step.step}>
                <strong>{step.sentence}</strong>
                <span className="loss">{step.errorDescription}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {noted.map((step) => (
        <p key={step.step} className="attention">
          {step.sentence}: {step.note}
        </p>
      ))}
      <div className="form-foot">
        <button className="button primary" onClick={drop}>
          Take it out
        </button>
        <button className="button" onClick={close}>
          Leave it
        </button>
      </div>
    </Dialog>
  );
}
