/** Chooses a dataset: one of those that this browser opened, by name, or any other by its link. */
import { useEffect, useState } from "react";
import { type DatasetSummary, listDatasets } from "../api/rest";
import { count } from "./format";
import { recentIds } from "./preferences";

interface Props {
  id: string;
  name: string;
  value: string;
  change: (id: string) => void;
  onBlur?: () => void;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
  "aria-required"?: boolean;
}

const OTHER = "other";

/** The id in what somebody pasted: a dataset's address, or the id itself. */
const idIn = (text: string) => /(?:^|[^0-9a-f])([0-9a-f]{30})(?![0-9a-f])/.exec(text)?.[1] ?? text.trim();

export function DatasetField({ value, change, ...field }: Props) {
  const [recent, setRecent] = useState<DatasetSummary[]>();
  const [isOther, setOther] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    listDatasets(recentIds()).then(
      (found) => isCurrent && setRecent(found),
      () => isCurrent && setRecent([]), // the link can be pasted all the same
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  const isKnown = recent?.some((dataset) => dataset.sessionID === value) ?? false;
  const pastes = recent?.length === 0 || isOther || (recent !== undefined && value !== "" && !isKnown);
  const paste = (
    <input
      {...field}
      className="field"
      type="text"
      autoComplete="off"
      spellCheck={false}
      placeholder="Paste a dataset’s link"
      value={value}
      onChange={(event) => change(idIn(event.target.value))}
    />
  );
  if (recent?.length === 0) return paste;
  return (
    <div className="dataset-field">
      <select
        {...(pastes ? { "aria-label": "Dataset" } : field)}
        className="field"
        value={pastes ? OTHER : value}
        onChange={(event) => {
          setOther(event.target.value === OTHER);
          change(event.target.value === OTHER ? "" : event.target.value);
        }}
      >
        <option value="">Choose a dataset</option>
        {recent === undefined && value !== "" && <option value={value}>{value}</option>}
        {recent?.map((dataset) => (
          <option key={dataset.sessionID} value={dataset.sessionID}>
            {dataset.name}
            {typeof dataset.rows === "number" ? `, ${count(dataset.rows)} × ${count(dataset.columns ?? 0)}` : ""}
          </option>
        ))}
        <option value={OTHER}>Another one, by its link</option>
      </select>
      {pastes && paste}
    </div>
  );
}
