/** Where a column goes, said by the one it stands behind. */
import type { ControlProps } from "../Control";

type Common = { id: string; name: string; className: string };

export function Place({ field, value, context, change, common }: ControlProps & { common: Common }) {
  // A column that moves does not stand behind itself.
  const others = context.meta.columns.filter((name) => name !== context.values.column);
  return (
    <select
      {...common}
      value={String(value ?? "")}
      onChange={(event) => change(event.target.value === "" ? "" : Number(event.target.value))}
    >
      {!field.required && field.initial === "" && <option value="">at the right end</option>}
      <option value="0">at the left end</option>
      {others.map((name, at) => (
        <option key={name} value={at + 1}>
          behind {name}
        </option>
      ))}
    </select>
  );
}
