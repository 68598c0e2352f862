/** What is computed for each group: a function of a column. */

import { isNumeric } from "../../../parts/format";
import { Close, Plus } from "../../../parts/icons";
import type { ControlProps } from "../Control";
import type { Measure } from "../forms";
import { Columns } from "./Columns";

const NUMBERS_ONLY: readonly string[] = ["sum", "mean", "std"];

export function Measures({ field, context, measures, change }: ControlProps & { measures: Measure[] }) {
  const { meta } = context;
  const set = (at: number, part: Partial<Measure>) =>
    change(measures.map((measure, index) => (index === at ? { ...measure, ...part } : measure)));
  const isNumber = (column: string) => isNumeric(meta.columnInfo[column]?.dataType ?? "");
  const add = () => {
    const used = measures.map((measure) => measure.column);
    const column = meta.columns.find((name) => isNumber(name) && !used.includes(name)) ?? meta.columns[0] ?? "";
    change([...measures, { column, function: isNumber(column) ? "sum" : "count" }]);
  };
  return (
    <div className="key-pairs">
      {measures.map((measure, at) => (
        <div key={at} className="key-pair">
          <select
            className="field"
            aria-label={`Function ${at + 1}`}
            value={measure.function}
            onChange={(event) => set(at, { function: event.target.value as Measure["function"] })}
          >
            {field.choices
              ?.filter(
                ({ value }) => isNumber(measure.column) || !NUMBERS_ONLY.includes(value) || value === measure.function,
              )
              .map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
          </select>
          <span>of</span>
          <Columns
            className="field"
            aria-label={`Column of function ${at + 1}`}
            value={measure.column}
            columns={meta.columns}
            change={(column) =>
              set(at, {
                column,
                function: NUMBERS_ONLY.includes(measure.function) && !isNumber(column) ? "count" : measure.function,
              })
            }
          />
          <button
            type="button"
            className="icon small"
            aria-label={`Without function ${at + 1}`}
            onClick={() => change(measures.filter((_, index) => index !== at))}
          >
            <Close />
          </button>
        </div>
      ))}
      <button type="button" className="button quiet" onClick={add}>
        <Plus /> {measures.length === 0 ? "Compute something" : "Another"}
      </button>
    </div>
  );
}
