/** How rows of two tables belong together, and which columns come along. */

import { Close, Plus } from "../../../parts/icons";
import type { ControlProps } from "../Control";
import type { Key } from "../forms";
import { Chips, Columns } from "./Columns";

export function JoinKeys({ context, keys, change }: ControlProps & { keys: Key[] }) {
  const there = context.other?.meta.columns ?? [];
  if (!context.other) return <p className="hint">Choose the other table first.</p>;
  const set = (at: number, part: Partial<Key>) =>
    change(keys.map((key, index) => (index === at ? { ...key, ...part } : key)));
  return (
    <div className="key-pairs">
      {keys.map((key, at) => (
        <div key={at} className="key-pair">
          <Columns
            className="field"
            aria-label={`Column of this table, pair ${at + 1}`}
            value={key.column}
            columns={context.meta.columns}
            change={(column) => set(at, { column })}
          />
          <span aria-hidden>=</span>
          <Columns
            className="field"
            aria-label={`Column of the other table, pair ${at + 1}`}
            value={key.otherColumn}
            columns={there}
            change={(otherColumn) => set(at, { otherColumn })}
          />
          {keys.length > 1 ? (
            <button
              type="button"
              className="icon small"
              aria-label={`Without pair ${at + 1}`}
              onClick={() => change(keys.filter((_, index) => index !== at))}
            >
              <Close />
            </button>
          ) : (
            <span />
          )}
        </div>
      ))}
      <button type="button" className="button quiet" onClick={() => change([...keys, { column: "", otherColumn: "" }])}>
        <Plus /> and where
      </button>
    </div>
  );
}

export function OtherColumns({ id, field, context, chosen, change }: ControlProps & { chosen: string[] | null }) {
  const keys = (context.values.keys as Key[] | undefined) ?? [];
  const there = (context.other?.meta.columns ?? []).filter((name) => !keys.some((key) => key.otherColumn === name));
  if (!context.other) return <p className="hint">All its columns but the keys, or those you choose.</p>;
  if (chosen === null)
    return (
      <p className="all-columns">
        {there.length === 1 ? "Its one other column" : `Its ${there.length} other columns`}{" "}
        <button type="button" className="link" onClick={() => change([])}>
          Choose
        </button>
      </p>
    );
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
        <option value="">Add a column of {context.other.name}</option>
        {there
          .filter((name) => !chosen.includes(name))
          .map((name) => (
            <option key={name}>{name}</option>
          ))}
      </select>
      <button type="button" className="link start" onClick={() => change(null)}>
        Bring all
      </button>
    </>
  );
}
