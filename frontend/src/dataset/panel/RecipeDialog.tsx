/** Before a recipe is applied: what each of its steps would do to this table, to be done, changed or skipped. */
import { useEffect, useRef, useState } from "react";
import type { OtherTable } from "../../api/datasets";
import type { ReplayedStep } from "../../api/rest";
import { Dialog } from "../../parts/Dialog";
import { counted } from "../../parts/format";
import { useStore } from "../../parts/store";
import { failed } from "../../parts/toasts";
import type { Session } from "../session";
import { titleOf } from "./catalogue";
import { OtherTablePicker } from "./controls/OtherTable";
import { changed, type Recipe, type RecipeStep, reasonOf, sourcesOf } from "./recipes";
import { StepEditor } from "./StepEditor";

export function RecipeDialog({ session, recipe, close }: { session: Session; recipe: Recipe; close: () => void }) {
  const { meta, operations } = useStore(session.store);
  const [steps, setSteps] = useState(recipe.steps);
  const [skipped, setSkipped] = useState<Set<number>>(new Set());
  const [sources, setSources] = useState<Record<string, OtherTable>>({});
  const [editing, setEditing] = useState<number>();
  const { reports, problem, isAsking } = useReports(session, recipe, steps, skipped, sources);
  const names = sourcesOf(steps);
  const chosen = steps.filter((_, at) => !skipped.has(at));
  const failing = chosen.filter((step) => reports.get(step) && reports.get(step)?.outcome !== "applied").length;

  const apply = () => {
    close();
    const document = { ...recipe, steps: chosen };
    void session
      .change("applyRecipe", { recipe: document, mode: "lenient", ...withSources(sources) }, "Applying the recipe")
      .catch(failed);
  };
  const flip = (at: number) => {
    const next = new Set(skipped);
    if (!next.delete(at)) next.add(at);
    setSkipped(next);
  };
  const save = (at: number, parameters: Record<string, unknown>) => {
    setSteps(steps.map((step, index) => (index === at ? changed(step, parameters, meta?.columns ?? []) : step)));
    setEditing(undefined);
  };

  return (
    <Dialog
      title={`Apply ${counted(recipe.steps.length, "step")}${typeof recipe.name === "string" && recipe.name ? ` of ${recipe.name}` : ""}`}
      close={close}
      wide
    >
      <p className="about">What each step would do to this table. Nothing has been changed yet.</p>
      {names.length > 0 && (
        <div className="sources" role="group" aria-label="Other tables">
          <p>Steps read other tables. Which ones are they here?</p>
          {names.map((name) => (
            <Source
              key={name}
              session={session}
              name={name}
              chosen={sources[name]}
              choose={(table) => setSources((before) => withOne(before, name, table))}
            />
          ))}
        </div>
      )}
      <div className="steps-table">
        <table>
          <thead>
            <tr>
              <th scope="col">Do</th>
              <th scope="col">Step</th>
              <th scope="col">On this table</th>
              <th scope="col">
                <span className="sr-only">Change it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step, at) => (
              <tr key={at} className={skipped.has(at) ? "skipped" : undefined}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Do step ${at + 1}`}
                    checked={!skipped.has(at)}
                    onChange={() => flip(at)}
                  />
                </td>
                <td>
                  {at + 1}. {titleOf(operations, step.operation)}
                </td>
                <td>
                  <Outcome report={reports.get(step)} isSkipped={skipped.has(at)} was={step.sentence} />
                </td>
                <td>
                  {operations.some((operation) => operation.name === step.operation) && (
                    <button
                      className="link"
                      aria-label={`Change step ${at + 1}`}
                      aria-expanded={editing === at}
                      onClick={() => setEditing(editing === at ? undefined : at)}
                    >
                      Change
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {editing !== undefined && steps[editing] && (
        <StepEditor
          key={editing}
          session={session}
          step={steps[editing]}
          number={editing + 1}
          save={(parameters) => save(editing, parameters)}
          cancel={() => setEditing(undefined)}
        />
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="form-foot">
        <button
          className="button primary"
          disabled={chosen.length === 0 || failing === chosen.length || problem !== undefined || isAsking}
          onClick={apply}
        >
          Apply {counted(chosen.length - failing, "step")}
        </button>
        <button className="button" onClick={close}>
          Cancel
        </button>
        <span className="hint" role="status">
          {isAsking
            ? "Trying them on this table …"
            : failing > 0
              ? `${counted(failing, "step")} that ${failing === 1 ? "does" : "do"} not apply ${failing === 1 ? "is" : "are"} left out`
              : ""}
        </span>
      </div>
    </Dialog>
  );
}

function Outcome({ report, isSkipped, was }: { report?: ReplayedStep; isSkipped: boolean; was?: string }) {
  if (isSkipped) return <span className="about">Skipped</span>;
  if (!report) return <span className="about">{was}</span>;
  return (
    <>
      {report.outcome === "applied" ? (
        report.sentence
      ) : (
        <span className="loss">{reasonOf(report.errorDescription ?? "It does not apply here.")}</span>
      )}
      {report.note && <span className="attention"> {report.note}</span>}
    </>
  );
}

function Source({
  session,
  name,
  chosen,
  choose,
}: {
  session: Session;
  name: string;
  chosen?: OtherTable;
  choose: (table: OtherTable | undefined) => void;
}) {
  const { meta } = useStore(session.store);
  if (!meta) return null;
  const id = `source-${name}`;
  const field = { name, label: name, hint: "", control: "session" as const, required: true, initial: "" };
  return (
    <div className="form-row">
      <label htmlFor={id}>{name}</label>
      <OtherTablePicker
        id={id}
        field={field}
        value={chosen?.id ?? ""}
        context={{ id: session.id, meta, values: {}, other: chosen, setOther: choose }}
        change={(value) => value === "" && choose(undefined)}
      />
    </div>
  );
}

function withOne(
  before: Record<string, OtherTable>,
  name: string,
  table: OtherTable | undefined,
): Record<string, OtherTable> {
  const rest = Object.fromEntries(Object.entries(before).filter(([each]) => each !== name));
  return table ? { ...rest, [name]: table } : rest;
}

function withSources(sources: Record<string, OtherTable>): { sources?: Record<string, string> } {
  const named = Object.entries(sources).map(([name, table]): [string, string] => [name, table.id]);
  return named.length > 0 ? { sources: Object.fromEntries(named) } : {};
}

interface Asked {
  reports: Map<RecipeStep, ReplayedStep>;
  problem?: string;
  isAsking: boolean;
}

/** What the chosen steps would do, asked anew whenever they or their other tables change. */
function useReports(
  session: Session,
  recipe: Recipe,
  steps: RecipeStep[],
  skipped: Set<number>,
  sources: Record<string, OtherTable>,
): Asked {
  const [asked, setAsked] = useState<Asked>({ reports: new Map(), isAsking: true });
  const number = useRef(0);
  useEffect(() => {
    const turn = ++number.current;
    const chosen = steps.filter((_, at) => !skipped.has(at));
    if (chosen.length === 0) {
      setAsked({ reports: new Map(), isAsking: false });
      return;
    }
    setAsked((before) => ({ ...before, problem: undefined, isAsking: true }));
    session.wire
      .ask(
        "applyRecipe",
        { recipe: { ...recipe, steps: chosen }, mode: "lenient", dryRun: true, ...withSources(sources) },
        { isChange: true },
      )
      .then(
        (answer) => {
          if (turn !== number.current) return;
          const told = answer.steps;
          setAsked({
            reports: new Map(
              told.flatMap((report) => (chosen[report.step - 1] ? [[chosen[report.step - 1]!, report]] : [])),
            ),
            isAsking: false,
          });
        },
        (error: Error) =>
          turn === number.current && setAsked({ reports: new Map(), problem: error.message, isAsking: false }),
      );
  }, [session, recipe, steps, skipped, sources]);
  return asked;
}
