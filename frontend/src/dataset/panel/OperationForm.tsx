/** An operation's form, and at once its effect on the rows in view. */
import { useEffect, useMemo, useRef, useState } from "react";
import { account, whyReadOnly } from "../../api/account";
import type { OperationInfo } from "../../api/rest";
import { Back } from "../../parts/icons";
import { useStore } from "../../parts/store";
import type { Preview, Session } from "../session";
import { viewParameters } from "../view";
import { applyForm } from "./applying";
import { effectOf } from "./effects";
import { type FieldProblem, fieldAtFault, fieldsOf, isProblem, toParameters } from "./forms";
import { OperationFields, useOther } from "./OperationFields";
import { openForm } from "./panel";

const PAUSE_MILLISECONDS = 350;
const FIRST_CONTROL = ".form-row input:not([type=checkbox]), .form-row select, .form-row textarea";

export function OperationForm({
  session,
  operation,
  prefilled,
}: {
  session: Session;
  operation: OperationInfo;
  prefilled: Record<string, unknown>;
}) {
  const { meta, columns, rows, view, preview } = useStore(session.store);
  const usesView = operation.fits.view;
  const fields = useMemo(() => (usesView ? [] : (fieldsOf(operation, { columns, rows }) ?? [])), [operation, usesView]);
  const [values, setValues] = useState<Record<string, unknown>>(() => ({
    ...Object.fromEntries(fields.map((field) => [field.name, field.initial])),
    ...prefilled,
  }));
  const [problem, setProblem] = useState<Partial<FieldProblem>>();
  const [isWorking, setWorking] = useState(false);
  const refused = whyReadOnly(useStore(account).me);
  const [other, setOther] = useOther(values.otherSessionID);
  const form = useRef<HTMLFormElement>(null);
  const { title } = operation;

  const parameters = useMemo(
    () => (!meta ? {} : usesView ? viewParameters(view, meta) : toParameters(fields, values, meta)),
    [fields, values, meta, view, usesView],
  );
  const key = JSON.stringify(parameters);

  useEffect(() => {
    // What is to be filled in comes first; a column that is chosen already is not.
    const controls = [...(form.current?.querySelectorAll<HTMLInputElement>(FIRST_CONTROL) ?? [])];
    (
      controls.find((each) => each.value === "") ??
      controls[0] ??
      form.current?.querySelector<HTMLElement>("button[type=submit]")
    )?.focus();
    return () => session.store.set({ preview: undefined });
  }, [session]);

  useEffect(() => {
    if (!operation.hasPreview) return;
    if (isProblem(parameters)) {
      session.store.set({ preview: undefined });
      return;
    }
    let isCurrent = true;
    const timer = setTimeout(() => {
      session.askPreview(title, operation.name, parameters).then(
        (found) => {
          if (!isCurrent) return;
          setProblem(undefined);
          session.store.set({ preview: found });
        },
        (error: Error) => {
          if (!isCurrent) return;
          session.store.set({ preview: undefined });
          setProblem({ field: fieldAtFault(fields, error.message, values), message: error.message });
        },
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key, session, operation.name]);

  const leave = () => {
    openForm(session, undefined);
    // The form is gone with what had the focus; the list begins with its search.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".find .field")?.focus());
  };
  const apply = async () => {
    if (isProblem(parameters)) {
      setProblem(parameters);
      form.current?.querySelector<HTMLElement>(`[name="${parameters.field}"]`)?.focus();
      return;
    }
    setWorking(true);
    try {
      await applyForm(session, operation, parameters);
      openForm(session, undefined);
      document.querySelector<HTMLElement>(".tab[data-state=active]")?.focus();
    } catch (error) {
      const { message } = error as Error;
      setProblem({ field: fieldAtFault(fields, message, values), message });
    } finally {
      setWorking(false);
    }
  };

  const general = problem && !fields.some((field) => field.name === problem.field) ? problem.message : undefined;
  return (
    <form
      ref={form}
      className="operation"
      data-fields={fields.map((field) => field.name).join(" ")}
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") leave();
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
      }}
    >
      <div className="form-head">
        <button type="button" className="icon" aria-label="Back to the list" onClick={leave}>
          <Back />
        </button>
        <h2>{title}</h2>
      </div>
      <p className="about">{operation.summary}</p>
      <OperationFields
        session={session}
        fields={fields}
        values={values}
        problem={problem}
        other={other}
        setOther={setOther}
        change={(part) => {
          setProblem(undefined);
          setValues((before) => ({ ...before, ...part }));
        }}
      />
      {general && (
        <p className="problem" role="alert">
          {general}
        </p>
      )}
      {operation.hasPreview && (
        <EffectBox
          operation={operation.name}
          preview={preview}
          rows={meta?.dataSize.rows ?? 0}
          other={other?.name}
          showColumn={(name) => session.showColumn(name)}
        />
      )}
      {!operation.hasPreview && !operation.makesDataset && (
        <p className="hint">What it does is seen when it is done; Undo takes it back. Ctrl Enter applies.</p>
      )}
      {refused && <p className="hint">{refused}</p>}
      <div className="form-foot">
        <button type="submit" className="button primary" disabled={isWorking || !!refused}>
          {isWorking ? "Applying …" : operation.makesDataset ? "Make the table" : "Apply"}
        </button>
        <button type="button" className="button" onClick={leave}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface EffectProps {
  operation: string;
  preview?: Preview;
  rows: number;
  other?: string;
  showColumn: (name: string) => void;
}

function EffectBox({ operation, preview, rows, other, showColumn }: EffectProps) {
  if (!preview) return <p className="effect empty" />;
  const effect = effectOf(operation, preview, rows, other);
  const made = preview.newColumns[0];
  return (
    <div className={`effect${effect.isSomething ? " some" : ""}${effect.text ? "" : " lossy"}`} role="status">
      <p>
        {effect.text && `${effect.text} `}
        {effect.isSomething &&
          preview.data.columns.length + preview.removedColumns.length > 0 &&
          "The rows in view show it."}
        {made !== undefined && preview.data.columns.includes(made) && (
          <button type="button" className="link" onClick={() => showColumn(made)}>
            Show
          </button>
        )}
      </p>
      {effect.notes.length > 0 && (
        <ul>
          {effect.notes.map((note) => (
            <li key={note.text} className={note.isLoss ? "loss" : undefined}>
              {note.text}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
