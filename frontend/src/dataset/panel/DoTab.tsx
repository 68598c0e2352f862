/** What fits the selection, most used first. */
import { useState } from "react";
import { useStore } from "../../parts/store";
import { counted } from "../../logic/format";
import { offers } from "../../logic/fitting";
import type { Session } from "../session";
import { OperationForm } from "./OperationForm";
import { openForm, usePanel } from "./panel";

export function DoTab({ session }: { session: Session }) {
  const state = useStore(session.store);
  const { form } = usePanel();
  const [search, setSearch] = useState("");
  const { meta, columns, rows, view, viewRows, operations } = state;
  if (!meta) return null;
  const opened = operations.find((operation) => operation.name === form);
  if (opened) return <OperationForm key={`${opened.name} ${columns.join("\n")} ${rows.length}`} session={session} operation={opened} />;
  const found = offers(operations, { meta, selected: { columns, rows }, view, viewRows }, search);
  const about = [columns.length === 1 ? columns[0] : columns.length > 1 ? counted(columns.length, "column") : "", rows.length > 0 ? counted(rows.length, "row") : ""].filter(Boolean).join(" and ");
  return (
    <>
      <input className="field" type="search" placeholder="Find something to do" aria-label="Find something to do" value={search} onChange={(event) => setSearch(event.target.value)} />
      <p className="about">{about ? <>Selected: <strong>{about}</strong></> : "Select a column by its header, or rows by their boxes, to see what fits them."}</p>
      <ul className="offers">
        {found.map(({ operation, title, line }) => (
          <li key={operation.name}>
            <button onClick={() => openForm(session, operation.name)}>
              <strong>{title}</strong>
              <span>{line}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="about">Nothing is called so. Try “missing”, “split” or “date”.</p>}
    </>
  );
}
