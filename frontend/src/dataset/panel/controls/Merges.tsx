/** Groups of values, each with the one that takes their place. */
import { useId, useState } from "react";
import { Close, Plus } from "../../../parts/icons";
import { TextInput } from "../../../parts/TextInput";
import type { ControlProps } from "../Control";
import type { Merge } from "../forms";

const SHOWN = 50;

export function Merges({ context, merges, change }: ControlProps & { merges: Merge[] }) {
  const frequent = (context.profile?.get(String(context.values.column))?.top ?? []).map(([value]) => String(value));
  const list = useId();
  const groups = merges.length > 0 ? merges : [{ from: [], to: "" }];
  const [shown, setShown] = useState(SHOWN);
  const set = (at: number, part: Partial<Merge>) =>
    change(groups.map((group, index) => (index === at ? { ...group, ...part } : group)));
  return (
    <>
      <datalist id={list}>
        {frequent.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <ol className="merges">
        {groups.slice(0, shown).map((group, at) => (
          <li key={at}>
            <MergeGroup
              group={group}
              number={at + 1}
              list={list}
              set={(part) => set(at, part)}
              remove={groups.length > 1 ? () => change(groups.filter((_, index) => index !== at)) : undefined}
            />
          </li>
        ))}
      </ol>
      {groups.length > shown && (
        <button type="button" className="link start" onClick={() => setShown(shown + SHOWN)}>
          Show more of the {groups.length} groups
        </button>
      )}
      <button type="button" className="button quiet" onClick={() => change([...groups, { from: [], to: "" }])}>
        <Plus /> Another group
      </button>
    </>
  );
}

function MergeGroup({
  group,
  number,
  list,
  set,
  remove,
}: {
  group: Merge;
  number: number;
  list: string;
  set: (part: Partial<Merge>) => void;
  remove?: () => void;
}) {
  const [typed, setTyped] = useState("");
  const add = () => {
    if (typed === "" || group.from.some((each) => String(each) === typed)) return;
    setTyped("");
    // What is gathered first is most likely how it should be spelt.
    set({ from: [...group.from, typed], ...(group.from.length === 0 && group.to === "" ? { to: typed } : {}) });
  };
  return (
    <>
      {group.from.length > 0 && (
        <ul className="chips in-form">
          {group.from.map((value) => (
            <li key={String(value)} className="chip">
              <span>{String(value)}</span>
              <button
                type="button"
                className="icon small"
                aria-label={`Without ${String(value)}`}
                onClick={() => set({ from: group.from.filter((each) => each !== value) })}
              >
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        className="field"
        name={number === 1 ? "merges" : undefined}
        aria-label={`Value to merge, group ${number}`}
        placeholder="Add a value, Enter"
        list={list}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={add}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || typed === "") return;
          event.preventDefault();
          add();
        }}
      />
      <div className="becomes-line">
        <span aria-hidden>→</span>
        <TextInput
          label={`Becomes, group ${number}`}
          placeholder="becomes missing"
          value={String(group.to ?? "")}
          change={(to) => set({ to })}
        />
        {remove && (
          <button type="button" className="icon small" aria-label={`Without group ${number}`} onClick={remove}>
            <Close />
          </button>
        )}
      </div>
    </>
  );
}
