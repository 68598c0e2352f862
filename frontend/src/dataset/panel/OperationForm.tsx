/** An operation's form, and at once its effect on the rows in view. */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import type { OperationInfo } from "../../api/rest";
import { Back } from "../../parts/icons";
import { useStore } from "../../parts/store";
import { count, counted } from "../../logic/format";
import { titleOf } from "../../logic/fitting";
import { fieldAtFault, fieldsOf, isProblem, toParameters, type Field } from "../../logic/forms";
import { viewParameters } from "../../logic/view";
import type { Preview, Session } from "../session";
import { Control } from "./Control";
import { openForm } from "./panel";

const PAUSE_MILLISECONDS = 350;

export function OperationForm({ session, operation }: { session: Session; operation: OperationInfo }) {
  const { meta, columns, rows, view, preview } = useStore(session.store);
  const usesView = operation.name === "keepRows" || operation.name === "dropRows";
  const fields = useMemo(() => (usesView ? [] : (fieldsOf(operation, { columns, rows }) ?? [])), [operation, usesView]);
  const [values, setValues] = useState(() => Object.fromEntries(fields.map((field) => [field.name, field.initial])));
  const [problem, setProblem] = useState<{ field?: string; message: string }>();
  const [isWorking, setWorking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const title = titleOf(operation);
  const id = useId();

  const parameters = useMemo(
    () => (!meta ? {} : usesView ? viewParameters(view, meta) : toParameters(fields, values, meta.columns)),
    [fields, values, meta, view, usesView],
  );
  const key = JSON.stringify(parameters);

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input:not([type=checkbox]), select, textarea, button[type=submit]")?.focus();
    return () => session.store.set({ preview: undefined });
  }, [session]);

  useEffect(() => {
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
          setProblem({ field: fieldAtFault(fields, error.message), message: error.message });
        },
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key, session, operation.name]);

  const apply = async () => {
    if (isProblem(parameters)) {
      setProblem(parameters);
      form.current?.querySelector<HTMLElement>(`[name="${parameters.field}"]`)?.focus();
      return;
    }
    setWorking(true);
    try {
      await session.change(operation.name, parameters, title);
      openForm(session, undefined);
      document.querySelector<HTMLElement>(".tab[data-state=active]")?.focus();
    } catch (error) {
      const { message } = error as Error;
      setProblem({ field: fieldAtFault(fields, message), message });
    } finally {
      setWorking(false);
    }
  };

  const general = problem && !fields.some((field) => field.name === problem.field) ? problem.message : undefined;
  return (
    <form
      ref={form}
      className="operation"
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
      onKeyDown={(event) => event.key === "Escape" && openForm(session, undefined)}
    >
      <div className="form-head">
        <button type="button" className="icon" aria-label="Back to the list" onClick={() => openForm(session, undefined)}>
          <Back />
        </button>
        <h2>{title}</h2>
      </div>
      <p className="about">{operation.summary}</p>
      {fields.map((field: Field) => (
        <Control
          key={field.name}
          id={`${id}-${field.name}`}
          field={field}
          value={values[field.name]}
          columns={meta?.columns ?? []}
          problem={problem?.field === field.name ? problem.message : undefined}
          change={(value) => {
            setProblem(undefined);
            setValues((before) => ({ ...before, [field.name]: value }));
          }}
        />
      ))}
      {general && (
        <p className="problem" role="alert">
          {general}
        </p>
      )}
      <Effect preview={preview} rows={meta?.dataSize.rows ?? 0} />
      <div className="form-foot">
        <button type="submit" className="button primary" disabled={isWorking}>
          {isWorking ? "Applying …" : "Apply"}
        </button>
        <button type="button" className="button" onClick={() => openForm(session, undefined)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Effect({ preview, rows }: { preview?: Preview; rows: number }) {
  if (!preview) return <p className="effect empty" />;
  const said: string[] = [];
  if (preview.rows < rows) said.push(`removes ${counted(rows - preview.rows, "row")}, ${count(preview.rows)} stay`);
  if (preview.rows > rows) said.push(`adds ${counted(preview.rows - rows, "row")}`);
  if (preview.changedCells !== null && preview.changedCells !== undefined && preview.changedCells > 0) said.push(`changes ${counted(preview.changedCells, "cell")}`);
  if (preview.newColumns.length > 0) said.push(`makes ${preview.newColumns.length === 1 ? preview.newColumns[0] : counted(preview.newColumns.length, "column")}`);
  if (preview.removedColumns.length > 0) said.push(`removes ${preview.removedColumns.length === 1 ? preview.removedColumns[0] : counted(preview.removedColumns.length, "column")}`);
  const isNothing = said.length === 0;
  const text = isNothing ? (preview.changedCells === 0 ? "Changes no value" : "Moves rows or columns, changes no value") : said.join("; ");
  return (
    <p className={isNothing ? "effect" : "effect some"} role="status">
      {text.charAt(0).toUpperCase() + text.slice(1)}. {!isNothing && "The rows in view show it."}
    </p>
  );
}
