/** Choosing columns of this table: one, several, or several with a direction. */
import type { SelectHTMLAttributes } from "react";
import { Close, Plus } from "../../../parts/icons";
import type { ControlProps } from "../Control";

interface ColumnsProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange" | "value"> {
  value: string;
  columns: string[];
  change: (value: string) => void;
}

export function Columns({ value, columns, change, ...rest }: ColumnsProps) {
  return (
    <select {...rest} value={value} onChange={(event) => change(event.target.value)}>
      {value === "" && <option value="">Choose a column</option>}
      {/* A step of a recipe may name a column that an earlier step makes. */}
      {value !== "" && !columns.includes(value) && <option>{value}</option>}
      {columns.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

export function ColumnList({ id, field, context, chosen, change }: ControlProps & { chosen: string[] }) {
  const rest = context.meta.columns.filter((name) => !chosen.includes(name));
  return (
    <>
      <Chips names={chosen} without={(name) => change(chosen.filter((each) => each !== name))} />
      <select
        id={id}
        name={field.name}
        className="field"
        aria-label={`${field.label}: add one`}
        value=""
        onChange={(event) => change([...chosen, event.target.value])}
      >
        <option value="">Add a column</option>
        {rest.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </>
  );
}

export function Chips({ names, without }: { names: string[]; without: (name: string) => void }) {
  if (names.length === 0) return null;
  return (
    <ul className="chips in-form">
      {names.map((name) => (
        <li key={name} className="chip">
          <span>{name}</span>
          <button type="button" className="icon small" aria-label={`Without ${name}`} onClick={() => without(name)}>
            <Close />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function SortKeys({
  id,
  context,
  keys,
  change,
}: ControlProps & { keys: { column: string; ascending: boolean }[] }) {
  return (
    <div className="sort-keys">
      {keys.map((key, at) => (
        <div key={key.column} className="sort-key">
          <span>{key.column}</span>
          <button
            type="button"
            className="button"
            onClick={() =>
              change(keys.map((each, index) => (index === at ? { ...each, ascending: !each.ascending } : each)))
            }
          >
            {key.ascending ? "smallest first" : "greatest first"}
          </button>
          <button
            type="button"
            className="icon small"
            aria-label={`Without ${key.column}`}
            onClick={() => change(keys.filter((_, index) => index !== at))}
          >
            <Close />
          </button>
        </div>
      ))}
      <label className="add-key">
        <Plus />
        <span className="sr-only">Sort by</span>
        <select
          id={id}
          className="field"
          value=""
          onChange={(event) => change([...keys, { column: event.target.value, ascending: true }])}
        >
          <option value="">Add a column</option>
          {context.meta.columns
            .filter((name) => !keys.some((key) => key.column === name))
            .map((name) => (
              <option key={name}>{name}</option>
            ))}
        </select>
      </label>
    </div>
  );
}
