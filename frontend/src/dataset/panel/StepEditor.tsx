/** The form of one step of a recipe, to change its parameters before it is applied. */
import { useMemo, useState } from "react";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import { titleOf } from "./catalogue";
import { type FieldProblem, fieldsOf, isProblem, toParameters, toValues } from "./forms";
import { OperationFields } from "./OperationFields";
import type { RecipeStep } from "./recipes";

interface Props {
  session: Session;
  step: RecipeStep;
  number: number;
  save: (parameters: Record<string, unknown>) => void;
  cancel: () => void;
}

export function StepEditor({ session, step, number, save, cancel }: Props) {
  const { meta, operations } = useStore(session.store);
  const operation = operations.find((each) => each.name === step.operation);
  // Which table a step reads is said for the whole recipe, by its name.
  const fields = useMemo(
    () =>
      (operation ? (fieldsOf(operation, { columns: [], rows: [] }) ?? []) : []).filter(
        (field) => !["session", "keys", "other-columns"].includes(field.control),
      ),
    [operation],
  );
  const [values, setValues] = useState(() => toValues(fields, step.parameters, step.columns));
  const [problem, setProblem] = useState<FieldProblem>();
  if (!operation || !meta) return null;
  const submit = () => {
    const made = toParameters(fields, values, meta);
    if (isProblem(made)) return setProblem(made);
    const kept = Object.fromEntries(
      Object.entries(step.parameters).filter(
        ([name]) => ["otherSessionID", "keys"].includes(name) || (name === "columns" && step.operation === "join"),
      ),
    );
    save({ ...kept, ...made });
  };
  return (
    <form
      className="step-editor"
      aria-label={`Step ${number}`}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        cancel();
      }}
    >
      <h3>
        {number}. {titleOf({ name: step.operation })}
      </h3>
      <OperationFields
        session={session}
        operation={operation}
        fields={fields}
        values={values}
        problem={problem}
        setOther={() => undefined}
        change={(part) => {
          setProblem(undefined);
          setValues((before) => ({ ...before, ...part }));
        }}
      />
      {fields.length === 0 && <p className="about">Nothing of this step can be set.</p>}
      <div className="form-foot">
        <button type="submit" className="button primary">
          Take this
        </button>
        <button type="button" className="button" onClick={cancel}>
          Leave it
        </button>
      </div>
    </form>
  );
}
