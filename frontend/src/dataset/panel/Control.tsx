/** The right control for one parameter. */
import { count } from "../../parts/format";
import type { FormContext } from "./context";
import { ColumnList, Columns, SortKeys } from "./controls/Columns";
import { Expression } from "./controls/Expression";
import { JoinKeys, OtherColumns } from "./controls/JoinKeys";
import { Measures } from "./controls/Measures";
import { Merges } from "./controls/Merges";
import { OtherTablePicker } from "./controls/OtherTable";
import { Place } from "./controls/Place";
import { RecordFields } from "./controls/RecordFields";
import type { Field, Key, Measure, Merge } from "./forms";
import { HELPS, type Help } from "./helps";

export interface ControlProps {
  id: string;
  field: Field;
  value: unknown;
  context: FormContext;
  problem?: string;
  change: (value: unknown) => void;
}

/** Several inputs that belong together: they stand in a group with a name. */
const GROUPED = ["columns", "sort", "keys", "other-columns", "merges", "measures", "record"];

export function Control(props: ControlProps) {
  const { id, field, problem, value } = props;
  const describedBy = [field.hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  if (field.control === "boolean")
    return (
      <div className="form-row">
        <label className="check">
          <input
            id={id}
            name={field.name}
            type="checkbox"
            checked={Boolean(value)}
            onChange={(event) => props.change(event.target.checked)}
            aria-describedby={describedBy}
          />
          {field.label}
        </label>
        <Notes {...props} />
      </div>
    );
  if (field.control === "rows")
    return (
      <div className="form-row">
        <span>{`${field.label}: ${count((value as number[]).length)} selected`}</span>
        <Notes {...props} />
      </div>
    );
  if (GROUPED.includes(field.control))
    return (
      <div className="form-row" role="group" aria-labelledby={`${id}-label`} aria-describedby={describedBy}>
        <span id={`${id}-label`}>{field.label}</span>
        <Group {...props} />
        <Notes {...props} />
      </div>
    );
  return (
    <div className="form-row">
      <label htmlFor={id}>{field.label}</label>
      <Input {...props} describedBy={describedBy} />
      <Notes {...props} />
    </div>
  );
}

function Notes(props: ControlProps) {
  const { id, field, value, problem } = props;
  const blanks = field.control === "text" && typeof value === "string" && /^\s+$/.test(value) ? value.length : 0;
  const help = helpOf(field, props.context);
  return (
    <>
      {blanks > 0 && <p className="attention">{blanks === 1 ? "One blank" : `${blanks} blanks`}</p>}
      {problem && (
        <p className="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {field.hint && (
        <p className="hint" id={`${id}-hint`}>
          {field.hint}
        </p>
      )}
      {help && (
        <HelpTable help={help} take={help.isChoice ? (text) => props.change(taken(field, value, text)) : undefined} />
      )}
    </>
  );
}

function helpOf({ help }: Field, { values }: FormContext): Help | undefined {
  if (!help || (help.when && !values[help.when])) return undefined;
  return HELPS[help.on];
}

/** A format taken over: in place of the one, or below the others. */
const taken = (field: Field, value: unknown, text: string) =>
  field.control === "lines" && typeof value === "string" && value.trim() !== "" ? `${value.trimEnd()}\n${text}` : text;

export function HelpTable({ help, take }: { help: Help; take?: (text: string) => void }) {
  return (
    <details className="help">
      <summary>{help.title}</summary>
      <dl>
        {help.rows.map(([written, meaning]) => (
          <div key={written}>
            <dt>
              {take ? (
                <button type="button" className="code" onClick={() => take(written)}>
                  {written}
                </button>
              ) : (
                <code>{written}</code>
              )}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Group(props: ControlProps) {
  const { field, value } = props;
  switch (field.control) {
    case "sort":
      return <SortKeys {...props} keys={value as { column: string; ascending: boolean }[]} />;
    case "keys":
      return <JoinKeys {...props} keys={value as Key[]} />;
    case "other-columns":
      return <OtherColumns {...props} chosen={value as string[] | null} />;
    case "merges":
      return <Merges {...props} merges={value as Merge[]} />;
    case "measures":
      return <Measures {...props} measures={value as Measure[]} />;
    case "record":
      return <RecordFields {...props} record={value as Record<string, string>} />;
    default:
      return <ColumnList {...props} chosen={value as string[]} />;
  }
}

function Input(props: ControlProps & { describedBy?: string }) {
  const { id, field, value, context, change, problem, describedBy } = props;
  const common = {
    id,
    name: field.name,
    className: "field",
    "aria-describedby": describedBy,
    "aria-invalid": problem ? true : undefined,
  };
  const text = String(value ?? "");
  switch (field.control) {
    case "column":
    case "column-index":
      return <Columns {...common} value={text} columns={context.meta.columns} change={change} />;
    case "session":
      return <OtherTablePicker {...props} value={text} />;
    case "place":
      return <Place {...props} common={common} />;
    case "expression":
      return (
        <Expression
          {...common}
          value={text}
          columns={context.meta.columns}
          functions={field.functions ?? []}
          change={change}
        />
      );
    case "enum":
    case "type":
      return (
        <select {...common} value={text} onChange={(event) => change(event.target.value)}>
          {value === "" && <option value="">Choose</option>}
          {field.choices?.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      );
    case "code":
    case "lines":
    case "new-rows":
      return (
        <textarea
          {...common}
          className={field.control === "lines" ? "field" : "field code"}
          rows={field.control === "lines" ? 2 : 5}
          spellCheck={false}
          placeholder={field.control === "new-rows" ? `${context.meta.columns.slice(0, 3).join("\t")}\n…` : undefined}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      );
    case "row":
      return (
        <input
          {...common}
          type="text"
          inputMode="numeric"
          autoComplete="off"
          placeholder={field.required ? undefined : "at the end"}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      );
    default:
      return (
        <input
          {...common}
          type="text"
          inputMode={field.control === "number" && !field.isMixed ? "decimal" : undefined}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      );
  }
}
