/** The steps as sentences: go to any, take one out, copy it, carry them over to another table. */
import { useEffect, useRef, useState } from "react";
import type { HistoryStep, Replayed } from "../../api/rest";
import { ago, counted, exactTime } from "../../parts/format";
import { Bin, Copy } from "../../parts/icons";
import { copyText } from "../../parts/save";
import { useStore } from "../../parts/store";
import { failed, toast } from "../../parts/toasts";
import { saveRecipe, saveScript } from "../exporting";
import type { Session } from "../session";
import { DropDialog } from "./DropDialog";
import { RecipeDialog } from "./RecipeDialog";
import { type Recipe, readRecipe, recipeOf } from "./recipes";

export function HistoryTab({ session }: { session: Session }) {
  const { history } = useStore(session.store);
  const [dropping, setDropping] = useState<{ version: number; sentence: string; report: Replayed }>();
  const [applying, setApplying] = useState<Recipe>();
  const file = useRef<HTMLInputElement>(null);
  const steps = history?.steps ?? [];
  const position = history?.position ?? 0;

  const askDrop = (version: number, sentence: string) =>
    session.wire
      .ask("dropStep", { version, dryRun: true }, { isChange: true })
      .then((answer) => setDropping({ version, sentence, report: answer }), failed);

  const copy = async (step?: HistoryStep) => {
    const whole = (await session.wire.ask("recipe")).recipe as Recipe;
    const recipe = step ? recipeOf(whole, steps, position, step.version) : whole;
    if (!recipe) return toast("This step is not part of the recipe.", { tone: "failed" });
    await copyText(
      JSON.stringify(recipe, null, 2),
      `${step ? "The step is" : `${counted(recipe.steps.length, "step")} ${recipe.steps.length === 1 ? "is" : "are"}`} copied. Paste with Ctrl V in the History of another table.`,
    );
  };

  const take = (text: string, named: string) => {
    const recipe = readRecipe(text);
    if (recipe) setApplying(recipe);
    else toast(`${named} is no recipe: it should be the JSON that “Save recipe” made.`, { tone: "failed" });
  };

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
      const recipe = readRecipe(event.clipboardData?.getData("text/plain") ?? "");
      if (recipe) setApplying(recipe);
    };
    addEventListener("paste", onPaste);
    return () => removeEventListener("paste", onPaste);
  }, []);

  const isRemovable = (step: HistoryStep) =>
    step.position > 0 && step.position <= position && !step.dropped && step.operation !== "dropStep";
  const onKey = (event: React.KeyboardEvent<HTMLOListElement>) => {
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>(".step")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = steps[at];
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (at < 0) return;
    if (next !== undefined) items[Math.max(0, Math.min(items.length - 1, next))]?.focus();
    else if (event.key === "Delete" && step && isRemovable(step)) void askDrop(step.version, step.sentence);
    else if (event.key === "c" && (event.ctrlKey || event.metaKey) && step && isRemovable(step))
      void copy(step).catch(failed);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <ol className="steps" onKeyDown={onKey}>
        {steps.map((step) => (
          <li
            key={step.version}
            className={[
              step.current ? "current" : "",
              step.position > position ? "undone" : "",
              step.dropped ? "dropped" : "",
            ].join(" ")}
            aria-current={step.current ? "step" : undefined}
          >
            <button
              className="step"
              aria-disabled={step.current}
              title={step.current ? "The table stands here" : "Go to this step"}
              onClick={() =>
                !step.current && void session.change("goTo", { version: step.version }, "Going there").catch(failed)
              }
            >
              <span className="sentence">{step.sentence}</span>
              <span className="when" title={exactTime(step.created)}>
                {ago(step.created)}
                {step.madeBy ? ` · ${step.madeBy}` : ""} · {counted(step.rows, "row")}
                {step.dropped ? " · taken out" : step.position > position ? " · undone" : ""}
              </span>
            </button>
            {isRemovable(step) && (
              <span className="step-actions">
                <button
                  className="icon small"
                  aria-label={`Copy: ${step.sentence}`}
                  title="Copy this step (Ctrl-C)"
                  onClick={() => void copy(step).catch(failed)}
                >
                  <Copy />
                </button>
                <button
                  className="icon small"
                  aria-label={`Take out: ${step.sentence}`}
                  title="Take this step out (Delete)"
                  onClick={() => void askDrop(step.version, step.sentence)}
                >
                  <Bin />
                </button>
              </span>
            )}
          </li>
        ))}
      </ol>
      {steps.length === 1 && (
        <p className="about">
          Every change becomes a step here. Steps can be taken back, taken out, and saved as a recipe for the next file.
        </p>
      )}
      <div className="recipe">
        <h2 className="section">Recipe</h2>
        <p className="about">
          The steps as a file, to be done on another table, here or with Python alone. A copied one is pasted with{" "}
          <kbd>Ctrl</kbd> <kbd>V</kbd>.
        </p>
        <div className="button-line">
          <button className="button" disabled={position === 0} onClick={() => void saveRecipe(session).catch(failed)}>
            Save recipe
          </button>
          <button className="button" disabled={position === 0} onClick={() => void copy().catch(failed)}>
            Copy all
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
            if (chosen) void chosen.text().then((text) => take(text, chosen.name), failed);
            event.target.value = "";
          }}
        />
      </div>
      {dropping && <DropDialog session={session} {...dropping} close={() => setDropping(undefined)} />}
      {applying && <RecipeDialog session={session} recipe={applying} close={() => setApplying(undefined)} />}
      <p className="sr-only" role="status">
        {counted(steps.length, "step")}
      </p>
    </>
  );
}
