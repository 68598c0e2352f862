/** Before steps are done again: what would happen to each of them, on this table. */
import { useState } from "react";
import type { Replayed } from "../../api/rest";
import { Dialog } from "../../parts/Dialog";
import { failed } from "../../parts/toasts";
import { counted } from "../../logic/format";
import type { Session } from "../session";
import type { Recipe } from "./HistoryTab";

export function DropDialog({ session, version, sentence, report, close }: { session: Session; version: number; sentence: string; report: Replayed; close: () => void }) {
  const broken = report.steps.filter((step) => step.outcome !== "applied");
  const noted = report.steps.filter((step) => step.outcome === "applied" && step.note);
  const drop = () => {
    close();
    void session.change("dropStep", { version }, "Doing the later steps again").catch(failed);
  };
  return (
    <Dialog title="Take this step out?" close={close}>
      <p className="quote">{sentence}</p>
      {broken.length === 0 && <p>{report.steps.length === 0 ? "No later step depends on it." : `${counted(report.steps.length, "later step")} will be done again without it, and all of them still work.`}</p>}
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

export function RecipeDialog({ session, recipe, report, close }: { session: Session; recipe: Recipe; report: Replayed; close: () => void }) {
  const [skipped, setSkipped] = useState(() => new Set(report.steps.filter((step) => step.outcome !== "applied").map((step) => step.step)));
  const chosen = recipe.steps.filter((_, at) => !skipped.has(at + 1));
  const apply = () => {
    close();
    void session.change("applyRecipe", { recipe: { ...recipe, steps: chosen }, mode: "lenient" }, "Applying the recipe").catch(failed);
  };
  const flip = (step: number) => {
    const next = new Set(skipped);
    if (!next.delete(step)) next.add(step);
    setSkipped(next);
  };
  return (
    <Dialog title="Apply a recipe" close={close}>
      <p>What each step would do to this table. Untick what you want to leave out.</p>
      <ul className="report">
        {report.steps.map((step) => (
          <li key={step.step}>
            <label className="check">
              <input type="checkbox" checked={!skipped.has(step.step)} onChange={() => flip(step.step)} />
              <span>
                <strong>{step.sentence}</strong>
                {step.outcome !== "applied" && <span className="loss">{step.errorDescription ?? "It does not apply here."}</span>}
                {step.note && <span className="attention">{step.note}</span>}
              </span>
            </label>
          </li>
        ))}
      </ul>
      <div className="form-foot">
        <button className="button primary" disabled={chosen.length === 0} onClick={apply}>
          Apply {counted(chosen.length, "step")}
        </button>
        <button className="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
