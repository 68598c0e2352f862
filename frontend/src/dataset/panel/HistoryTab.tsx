/** The steps as sentences: go to any, take one out, carry them over to another table. */
import { useRef, useState } from "react";
import type { Replayed } from "../../api/rest";
import { Bin } from "../../parts/icons";
import { useStore } from "../../parts/store";
import { failed, toast } from "../../parts/toasts";
import { ago, count, counted, exactTime } from "../../logic/format";
import type { Session } from "../session";
import { saveRecipe, saveScript } from "../TopBar";
import { DropDialog, RecipeDialog } from "./ReplayDialogs";

export type Recipe = Record<string, unknown> & { steps: { sentence?: string; operation: string }[] };

export function HistoryTab({ session }: { session: Session }) {
  const { history } = useStore(session.store);
  const [dropping, setDropping] = useState<{ version: number; sentence: string; report: Replayed }>();
  const [applying, setApplying] = useState<{ recipe: Recipe; report: Replayed }>();
  const file = useRef<HTMLInputElement>(null);
  const steps = history?.steps ?? [];
  const position = history?.position ?? 0;

  const askDrop = (version: number, sentence: string) =>
    session.wire.ask("dropStep", { version, dryRun: true }, { isChange: true }).then((answer) => setDropping({ version, sentence, report: answer as unknown as Replayed }), failed);

  const readRecipe = async (chosen: File) => {
    try {
      const recipe = JSON.parse(await chosen.text()) as Recipe;
      const answer = await session.wire.ask("applyRecipe", { recipe, mode: "lenient", dryRun: true }, { isChange: true });
      setApplying({ recipe, report: answer as unknown as Replayed });
    } catch (error) {
      toast(error instanceof SyntaxError ? `${chosen.name} is no recipe: it should be the JSON file that “Save recipe” made.` : (error as Error).message, { tone: "failed" });
    }
  };

  return (
    <>
      <ol className="steps">
        {steps.map((step) => (
          <li key={step.version} className={[step.current ? "current" : "", step.position > position ? "undone" : "", step.dropped ? "dropped" : ""].join(" ")} aria-current={step.current ? "step" : undefined}>
            <button className="step" disabled={step.current} title={step.current ? "The table stands here" : "Go to this step"} onClick={() => void session.change("goTo", { version: step.version }, "Going there").catch(failed)}>
              <span className="sentence">{step.sentence}</span>
              <span className="when" title={exactTime(step.created)}>
                {ago(step.created)}
                {step.madeBy ? ` · ${step.madeBy}` : ""} · {counted(step.rows, "row")}
                {step.dropped ? " · taken out" : step.position > position ? " · undone" : ""}
              </span>
            </button>
            {step.position > 0 && step.position <= position && !step.dropped && step.operation !== "dropStep" && (
              <button className="icon small" aria-label={`Take out: ${step.sentence}`} title="Take this step out" onClick={() => void askDrop(step.version, step.sentence)}>
                <Bin />
              </button>
            )}
          </li>
        ))}
      </ol>
      {steps.length === 1 && <p className="about">Every change becomes a step here. Steps can be taken back, taken out, and saved as a recipe for the next file.</p>}
      <div className="recipe">
        <h2 className="section">Recipe</h2>
        <p className="about">The steps as a file, to be done on another table, here or with Python alone.</p>
        <div className="button-line">
          <button className="button" disabled={position === 0} onClick={() => void saveRecipe(session).catch(failed)}>
            Save recipe
          </button>
          <button className="button" disabled={position === 0} onClick={() => void saveScript(session).catch(failed)}>
            Save as Python
          </button>
          <button className="button" onClick={() => file.current?.click()}>
            Apply a recipe
          </button>
        </div>
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label="Recipe file"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen) void readRecipe(chosen);
            event.target.value = "";
          }}
        />
      </div>
      {dropping && <DropDialog session={session} {...dropping} close={() => setDropping(undefined)} />}
      {applying && <RecipeDialog session={session} {...applying} close={() => setApplying(undefined)} />}
      <p className="sr-only" role="status">
        {count(steps.length)} steps
      </p>
    </>
  );
}
