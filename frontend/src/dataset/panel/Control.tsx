/** The right control for one parameter. */
import { Plus, Close } from "../../parts/icons";
import { choiceLabel, type Field } from "../../logic/forms";

interface Props {
  id: string;
  field: Field;
  value: unknown;
  columns: string[];
  problem?: string;
  change: (value: unknown) => void;
}

export function Control(props: Props) {
  const { id, field, problem } = props;
  const describedBy = [field.hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  if (field.control === "boolean")
    return (
      <div className="form-row">
        <label className="check">
          <input id={id} name={field.name} type="checkbox" checked={Boolean(props.value)} onChange={(event) => props.change(event.target.checked)} aria-describedby={describedBy} />
          {field.label}
        </label>
        <Notes {...props} />
      </div>
    );
  if (field.control === "rows") return null; // the selected rows; the form's head says how many
  return (
    <div className="form-row">
      <label htmlFor={id}>{field.label}</label>
      <Input {...props} describedBy={describedBy} />
      <Notes {...props} />
    </div>
  );
}

function Notes({ id, field, value, problem }: Props) {
  const blanks = field.control === "text" && typeof value === "string" && /^\s+$/.test(value) ? value.length : 0;
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
    </>
  );
}

function Input(props: Props & { describedBy?: string }) {
  const { id, field, value, columns, change, problem, describedBy } = props;
  const common = { id, name: field.name, className: "field", "aria-describedby": describedBy, "aria-invalid": problem ? true : undefined };
  switch (field.control) {
    case "column":
    case "column-index":
      return (
        <select {...common} value={String(value)} onChange={(event) => change(event.target.value)}>
          {value === "" && <option value="">Choose a column</option>}
          {columns.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      );
    case "columns":
      return <ColumnList {...props} chosen={value as string[]} />;
    case "sort":
      return <SortKeys {...props} keys={value as { column: string; ascending: boolean }[]} />;
    case "enum":
    case "type":
      return (
        <select {...common} value={String(value)} onChange={(event) => change(event.target.value)}>
          {value === "" && <option value="">Choose</option>}
          {field.choices?.map((choice) => (
            <option key={choice} value={choice}>
              {choiceLabel(choice)}
            </option>
          ))}
        </select>
      );
    case "code":
    case "lines":
      return <textarea {...common} className={field.control === "code" ? "field code" : "field"} rows={field.control === "code" ? 4 : 2} spellCheck={false} value={String(value)} onChange={(event) => change(event.target.value)} />;
    default:
      return <input {...common} type="text" inputMode={field.control === "number" && !field.isMixed ? "decimal" : undefined} autoComplete="off" spellCheck={false} value={String(value ?? "")} onChange={(event) => change(event.target.value)} />;
  }
}

function ColumnList({ id, field, columns, chosen, change }: Props & { chosen: string[] }) {
  const rest = columns.filter((name) => !chosen.includes(name));
  return (
    <div>
      {chosen.length > 0 && (
        <ul className="chips in-form">
          {chosen.map((name) => (
            <li key={name} className="chip">
              <span>{name}</span>
              <button type="button" className="icon small" aria-label={`Without ${name}`} onClick={() => change(chosen.filter((each) => each !== name))}>
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <select id={id} name={field.name} className="field" value="" onChange={(event) => change([...chosen, event.target.value])}>
        <option value="">Add a column</option>
        {rest.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

function SortKeys({ id, columns, keys, change }: Props & { keys: { column: string; ascending: boolean }[] }) {
  return (
    <div className="sort-keys">
      {keys.map((key, at) => (
        <div key={key.column} className="sort-key">
          <span>{key.column}</span>
          <button type="button" className="button" onClick={() => change(keys.map((each, index) => (index === at ? { ...each, ascending: !each.ascending } : each)))}>
            {key.ascending ? "smallest first" : "greatest first"}
          </button>
          <button type="button" className="icon small" aria-label={`Without ${key.column}`} onClick={() => change(keys.filter((_, index) => index !== at))}>
            <Close />
          </button>
        </div>
      ))}
      <label className="add-key">
        <Plus />
        <select id={id} className="field" value="" onChange={(event) => change([...keys, { column: event.target.value, ascending: true }])}>
          <option value="">Add a column</option>
          {columns.filter((name) => !keys.some((key) => key.column === name)).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  );
}
