/** What fits the selection, most used first. */
import { useState } from "react";
import { openPalette } from "../../palette/open";
import { counted } from "../../parts/format";
import { SearchIcon } from "../../parts/icons";
import { useStore } from "../../parts/store";
import { noticesOf } from "../profile/noticing";
import { WAYS } from "../profile/show";
import type { Session } from "../session";
import { available } from "./catalogue";
import { grouped, type Offer, offers } from "./fitting";
import { OperationForm } from "./OperationForm";
import { openForm, usePanel } from "./panel";

export function DoTab({ session }: { session: Session }) {
  const state = useStore(session.store);
  const { form } = usePanel();
  const [search, setSearch] = useState("");
  const { meta, columns, rows, view, viewRows, operations } = state;
  if (!meta) return null;
  const can = available(operations);
  const opened = form && can.find((operation) => operation.name === form.operation);
  if (opened)
    return (
      <OperationForm
        key={`${form.number} ${columns.join("\n")} ${rows.length}`}
        session={session}
        operation={opened}
        prefilled={form.values}
      />
    );
  const found = offers(can, { meta, selected: { columns, rows }, view, viewRows }, search);
  const about = [
    columns.length === 1 ? columns[0] : columns.length > 1 ? counted(columns.length, "column") : "",
    rows.length > 0 ? counted(rows.length, "row") : "",
  ]
    .filter(Boolean)
    .join(" and ");
  const isSearching = search.trim() !== "";
  return (
    <>
      <div className="find">
        <SearchIcon />
        <input
          className="field"
          type="search"
          placeholder="Find something to do"
          aria-label="Find something to do"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            const first = found[0];
            if (event.key === "Enter" && first) openForm(session, first.operation.name);
          }}
        />
        <button
          type="button"
          className="key-hint"
          aria-label="Commands: Ctrl K"
          title="Everything, by its name"
          onClick={openPalette}
        >
          <kbd>Ctrl K</kbd>
        </button>
      </div>
      <p className="about">
        {about ? (
          <>
            Selected: <strong>{about}</strong>
          </>
        ) : (
          "Select a column by its header, or rows by their boxes, to see what fits them."
        )}
      </p>
      {!isSearching && columns.length === 1 && <Notices session={session} column={columns[0]!} />}
      {isSearching ? (
        <Offers session={session} offers={found} />
      ) : (
        grouped(found).map(([group, members]) => (
          <section key={group} className="offer-group" aria-label={group}>
            <h3>{group}</h3>
            <Offers session={session} offers={members} />
          </section>
        ))
      )}
      {found.length === 0 && <p className="about">Nothing is called so. Try “missing”, “split” or “date”.</p>}
    </>
  );
}

/** What deserves a look in the selected column, with the way to mend it. */
function Notices({ session, column }: { session: Session; column: string }) {
  const { profile, meta } = useStore(session.store);
  const about = profile?.get(column);
  const found = about && meta ? noticesOf(about, meta.dataSize.rows).filter((notice) => notice.way) : [];
  if (found.length === 0) return null;
  return (
    <ul className="notices" aria-label={`Worth a look in ${column}`}>
      {found.map(({ words, way }) => {
        const [title, go] = WAYS[way!];
        return (
          <li key={words}>
            <span>{words.charAt(0).toUpperCase() + words.slice(1)}</span>
            <button className="link" onClick={() => go(session, column)}>
              {title}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Offers({ session, offers: shown }: { session: Session; offers: Offer[] }) {
  return (
    <ul className="offers">
      {shown.map(({ operation, title, line }) => (
        <li key={operation.name}>
          <button data-operation={operation.name} onClick={() => openForm(session, operation.name)}>
            <strong>{title}</strong>
            <span>{line}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
