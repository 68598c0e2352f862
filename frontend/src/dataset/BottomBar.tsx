/** What is shown of the table: search, filter and sort as chips, and how many rows of how many. */
import { DropdownMenu } from "radix-ui";
import { useEffect, useState } from "react";
import { count, counted } from "../parts/format";
import { Close, FilterIcon, SearchIcon } from "../parts/icons";
import { useStore } from "../parts/store";
import { hasFacet, openFacet, useFacetPlace } from "./facets/facets";
import type { Session } from "./session";
import { chips, isNarrowed } from "./view";

export function BottomBar({ session }: { session: Session }) {
  const { view, viewRows, meta, columns, rows } = useStore(session.store);
  const all = meta?.dataSize.rows ?? 0;
  // Of what was asked for last: another chip may be on its way out.
  const remove = (part: string) =>
    void session.setView(chips(session.wanted).find((chip) => chip.part === part)?.removed ?? {});
  return (
    <footer className="bottom-bar">
      <SearchBox session={session} />
      <FilterMenu session={session} />
      <FacetsButton session={session} />
      <ul className="chips" aria-label="What is shown">
        {chips(view).map((chip) => (
          <li key={chip.part} className="chip">
            <span>{chip.text}</span>
            <button className="icon small" aria-label={`Remove: ${chip.text}`} onClick={() => remove(chip.part)}>
              <Close />
            </button>
          </li>
        ))}
      </ul>
      <span className="spring" />
      <p className="rows-shown" role="status">
        {rows.length > 0 && <strong>{count(rows.length)} selected · </strong>}
        {columns.length > 1 && <strong>{columns.length} columns selected · </strong>}
        {isNarrowed(view) ? `${count(viewRows)} of ${counted(all, "row")}` : counted(all, "row")}
      </p>
    </footer>
  );
}

function SearchBox({ session }: { session: Session }) {
  const { view, columns } = useStore(session.store);
  const [text, setText] = useState(view.search?.query ?? "");
  const [isRegex, setRegex] = useState(view.search?.isRegex ?? false);
  useEffect(() => setText(view.search?.query ?? ""), [view.search]);
  const where =
    columns.length === 1 ? `in ${columns[0]}` : columns.length > 1 ? `in ${columns.length} columns` : "in all columns";
  const search = (regex = isRegex) =>
    void session.setView({ search: text === "" ? undefined : { query: text, isRegex: regex, columns } });
  return (
    <form
      className="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <SearchIcon />
      <input
        id="search"
        type="text"
        value={text}
        placeholder={`Search ${where}`}
        aria-label={`Search ${where}`}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText("");
          if (view.search) void session.setView({ search: undefined });
          event.currentTarget.blur();
        }}
      />
      <button
        type="button"
        className="toggle"
        aria-pressed={isRegex}
        aria-label="Regular expression"
        title="Regular expression"
        onClick={() => {
          setRegex(!isRegex);
          if (view.search) search(!isRegex);
        }}
      >
        .*
      </button>
    </form>
  );
}

function FacetsButton({ session }: { session: Session }) {
  const { view } = useStore(session.store);
  const { open, toggle } = useFacetPlace();
  if (!view.facets || open) return null;
  return (
    <button className="button quiet" onClick={toggle}>
      Facets ({view.facets.length})
    </button>
  );
}

function FilterMenu({ session }: { session: Session }) {
  const { meta, columns } = useStore(session.store);
  if (!meta) return null;
  const chosen = columns.length > 0 ? columns : undefined;
  const gaps = meta.columns.filter((name) => (meta.columnInfo[name]?.invalidValues ?? 0) > 0);
  const facetable = (chosen ?? meta.columns).filter((name) => hasFacet(session, name));
  const where = chosen ? (chosen.length === 1 ? chosen[0] : `all ${chosen.length} columns`) : undefined;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button quiet" aria-label="Filter">
        <FilterIcon />
        <span className="wide-only">Filter</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" side="top" collisionPadding={8}>
          {chosen ? (
            <>
              <DropdownMenu.Label className="menu-label">Show the rows</DropdownMenu.Label>
              <DropdownMenu.Item
                className="menu-item"
                onSelect={() => void session.setView({ filter: { type: "invalid", columns: chosen } })}
              >
                where {where} is missing
              </DropdownMenu.Item>
              <DropdownMenu.Item
                className="menu-item"
                onSelect={() => void session.setView({ filter: { type: "duplicates", columns: chosen } })}
              >
                that repeat {where}
              </DropdownMenu.Item>
              <DropdownMenu.Item
                className="menu-item"
                onSelect={() => void session.setView({ filter: { type: "outliers", columns: chosen } })}
              >
                with outliers in {where}
              </DropdownMenu.Item>
            </>
          ) : (
            <>
              <DropdownMenu.Item
                className="menu-item"
                onSelect={() => void session.setView({ filter: { type: "duplicates", columns: meta.columns } })}
              >
                Rows that repeat another one
              </DropdownMenu.Item>
              {gaps.length > 0 && (
                <DropdownMenu.Label className="menu-label">Rows where this is missing</DropdownMenu.Label>
              )}
              {gaps.slice(0, 12).map((name) => (
                <DropdownMenu.Item
                  key={name}
                  className="menu-item"
                  onSelect={() => void session.setView({ filter: { type: "invalid", columns: [name] } })}
                >
                  {name}
                  <span className="menu-note">{count(meta.columnInfo[name]?.invalidValues ?? 0)}</span>
                </DropdownMenu.Item>
              ))}
              <p className="menu-hint">Select columns first to look for gaps, repeats and outliers in them.</p>
            </>
          )}
          {facetable.length > 0 && (
            <DropdownMenu.Label className="menu-label">Choose by the values of</DropdownMenu.Label>
          )}
          {facetable.slice(0, 30).map((name) => (
            <DropdownMenu.Item
              key={`facet ${name}`}
              className="menu-item"
              aria-label={`Facet of ${name}`}
              onSelect={() => openFacet(session, name)}
            >
              {name}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
