/** Choosing another dataset: one of those this browser knows, this one itself, or any by its link. */
import { useEffect, useState } from "react";
import { idIn, openOther, readyDatasets } from "../../../api/datasets";
import type { DatasetSummary } from "../../../api/rest";
import { count } from "../../../parts/format";
import { recentIds } from "../../../parts/preferences";
import type { ControlProps } from "../Control";

const BY_LINK = "link";
const ITSELF = "itself";

export function OtherTablePicker({ id, field, value, context, change, problem }: ControlProps & { value: string }) {
  const [known, setKnown] = useState<DatasetSummary[]>();
  const [isByLink, setByLink] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  useEffect(() => {
    readyDatasets(recentIds().filter((each) => each !== context.id)).then(setKnown, (error: Error) => {
      setKnown([]);
      setTrouble(error.message);
    });
  }, [context.id]);

  const choose = (chosen: string) => {
    setTrouble(undefined);
    if (chosen === BY_LINK) {
      setByLink(true);
      change("");
      context.setOther(undefined);
      return;
    }
    change(chosen);
    if (chosen === "") return;
    if (chosen === ITSELF) return context.setOther({ id: ITSELF, name: "itself", meta: context.meta });
    openOther(chosen).then(context.setOther, (error: Error) => {
      context.setOther(undefined);
      change("");
      setTrouble(error.message);
    });
  };

  const follow = (text: string) => {
    const found = idIn(text);
    if (found === context.id) return choose(ITSELF);
    if (found) return choose(found);
    setTrouble(
      text.trim() === ""
        ? undefined
        : "A dataset’s link ends with 30 letters and digits. Share in the other table’s top bar copies it.",
    );
  };

  const described = trouble ? `${id}-trouble` : undefined;
  const listed = known?.some((each) => each.sessionID === value) || value === ITSELF || value === "";
  return (
    <>
      <select
        id={id}
        name={field.name}
        className="field"
        value={isByLink ? BY_LINK : value}
        aria-invalid={problem ? true : undefined}
        aria-describedby={described}
        onChange={(event) => {
          setByLink(false);
          choose(event.target.value);
        }}
      >
        <option value="">{known === undefined ? "Looking for your tables …" : "Choose a table"}</option>
        {!isByLink && !listed && <option value={value}>{context.other?.name ?? value}</option>}
        {known?.map((each) => (
          <option key={each.sessionID} value={each.sessionID}>
            {each.name} ({count(each.rows ?? 0)} × {count(each.columns ?? 0)})
          </option>
        ))}
        <option value={ITSELF}>This table itself</option>
        <option value={BY_LINK}>Another one, by its link …</option>
      </select>
      {isByLink && (
        <input
          className="field"
          aria-label="Link of the other table"
          placeholder="Paste its link"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          aria-describedby={described}
          onChange={(event) => follow(event.target.value)}
        />
      )}
      {context.other && isByLink && (
        <p className="hint">
          {context.other.name}: {count(context.other.meta.dataSize.rows)} × {count(context.other.meta.dataSize.columns)}
        </p>
      )}
      {trouble && (
        <p className="problem" id={described} role="alert">
          {trouble}
        </p>
      )}
      {known?.length === 0 && !trouble && !isByLink && value === "" && (
        <p className="hint">This browser has opened no other table yet. Open one in Datasets, or paste a link.</p>
      )}
    </>
  );
}
