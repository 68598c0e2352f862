/** The form of one step of a recipe, to change its parameters before it is applied. */
import { useMemo, useState } from "react";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import { titleOf } from "./catalogue";
import { type FieldProblem, fieldsOf, isProblem, toParameters, toValues } from "./forms";
import { OperationFields } from "./OperationFields";
import type { RecipeStep } from "./recipes";

const OF_ANOTHER_TABLE = ["session", "keys", "other-columns"];

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
  const all = useMemo(() => (operation && fieldsOf(operation, { columns: [], rows: [] })) ?? [], [operation]);
  const fields = useMemo(() => all.filter((field) => !OF_ANOTHER_TABLE.includes(field.control)), [all]);
  const [values, setValues] = useState(() => toValues(fields, step.parameters, step.columns));
  const [problem, setProblem] = useState<FieldProblem>();
  if (!operation || !meta) return null;
  const submit = () => {
    const made = toParameters(fields, values, meta);
    if (isProblem(made)) return setProblem(made);
    const hidden = all.filter((field) => !fields.includes(field)).map((field) => field.name);
    const kept = Object.fromEntries(Object.entries(step.parameters).filter(([name]) => hidden.includes(name)));
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
        {number}. {titleOf(operations, step.operation)}
      </h3>
      <OperationFields
        session={session}
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
