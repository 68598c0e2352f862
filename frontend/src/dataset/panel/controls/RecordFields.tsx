/** The values of one new row. */
import { typeName } from "../../../parts/format";
import type { ControlProps } from "../Control";

export function RecordFields({ id, context, record, change }: ControlProps & { record: Record<string, string> }) {
  const { columns, columnInfo } = context.meta;
  return (
    <div className="record-fields">
      {columns.map((name, at) => (
        <div key={name}>
          <label htmlFor={`${id}-${at}`} title={name}>
            {name}
          </label>
          <input
            id={`${id}-${at}`}
            className="field"
            autoComplete="off"
            spellCheck={false}
            placeholder={typeName(columnInfo[name]?.dataType ?? "")}
            value={record[name] ?? ""}
            onChange={(event) => change({ ...record, [name]: event.target.value })}
          />
        </div>
      ))}
    </div>
  );
}
