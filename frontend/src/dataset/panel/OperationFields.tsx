/** The controls of an operation's parameters, wherever its form stands. */
import { useId, useState } from "react";
import { type OtherTable, openOther } from "../../api/datasets";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import { Control } from "./Control";
import { type Field, type FieldProblem, guessKeys, isShown } from "./forms";

interface Props {
  session: Session;
  fields: Field[];
  values: Record<string, unknown>;
  problem?: Partial<FieldProblem>;
  other?: OtherTable;
  setOther: (other: OtherTable | undefined) => void;
  change: (part: Record<string, unknown>) => void;
}

export function OperationFields({ session, fields, values, problem, other, setOther, change }: Props) {
  const { meta, profile, columns } = useStore(session.store);
  const id = useId();
  if (!meta) return null;
  const take = (found: OtherTable | undefined) => {
    setOther(found);
    if (!fields.some((field) => field.control === "keys")) return;
    change({ keys: found ? guessKeys(meta.columns, columns, found.meta.columns) : [], columns: null });
  };
  const context = { id: session.id, meta, profile, values, other, setOther: take };
  return (
    <>
      {fields
        .filter((field) => isShown(field, values))
        .map((field) => (
          <Control
            key={field.name}
            id={`${id}-${field.name}`}
            field={field}
            value={values[field.name]}
            context={context}
            problem={problem?.field === field.name ? problem.message : undefined}
            change={(value) => change({ [field.name]: value })}
          />
        ))}
    </>
  );
}

/** The other table that values name already, looked up once. */
export function useOther(start: unknown): [OtherTable | undefined, (other: OtherTable | undefined) => void] {
  const [other, setOther] = useState<OtherTable>();
  useState(() => {
    if (typeof start === "string" && /^[0-9a-f]{30}$/.test(start))
      void openOther(start).then(setOther, () => undefined);
  });
  return [other, setOther];
}
