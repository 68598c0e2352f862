/** The facets, on the left: each narrows the table by the values of a column, and they all narrow together. */
import { useEffect, useRef, useState } from "react";
import { counted } from "../../parts/format";
import { Close } from "../../parts/icons";
import { useStore } from "../../parts/store";
import { failed } from "../../parts/toasts";
import type { Session } from "../session";
import { isNarrowed, viewParameters } from "../view";
import { emptyFacet, type Facet, isChosen } from "./conditions";
import { choose, closeFacet, hasFacet, isFresh, openFacet, useFacetPlace } from "./facets";
import { RangeChoice } from "./RangeChoice";
import { ValuesChoice } from "./ValuesChoice";
import "./facets.css";

export default function FacetPanel({ session }: { session: Session }) {
  const { view, viewRows, meta } = useStore(session.store);
  const { toggle } = useFacetPlace();
  const facets = view.facets ?? [];
  const keep = async (event: "keepRows" | "dropRows") => {
    if (!meta) return;
    await session.change(
      event,
      viewParameters(view, meta),
      event === "keepRows" ? "Keeping these rows" : "Removing these rows",
    );
    await session.setView({
      facets: facets.map((facet) => emptyFacet(facet.kind, facet.column)),
      conditions: undefined,
      filter: undefined,
      search: undefined,
    });
  };
  const all = meta?.dataSize.rows ?? 0;
  return (
    <aside className="facets" aria-label="Facets">
      <header className="facets-head">
        <h2>Facets</h2>
        <button
          className="link"
          disabled={!facets.some(isChosen)}
          onClick={() => void session.setView({ facets: facets.map((facet) => emptyFacet(facet.kind, facet.column)) })}
        >
          Show all
        </button>
        <AddFacet session={session} />
        <button
          className="icon small"
          aria-label="Hide the facets"
          title="Hide the facets; what they show stays"
          onClick={toggle}
        >
          <Close />
        </button>
      </header>
      <div className="facets-list">
        {facets.map((facet) => (
          <FacetCard key={facet.column} session={session} facet={facet} />
        ))}
      </div>
      {isNarrowed(view) && viewRows > 0 && viewRows < all && (
        <footer className="facets-foot">
          <button
            className="button"
            title={`Keep the ${counted(viewRows, "row")} shown and remove all others`}
            onClick={() => void keep("keepRows").catch(failed)}
          >
            Keep only these
          </button>
          <button
            className="button"
            title={`Remove the ${counted(viewRows, "row")} shown`}
            onClick={() => void keep("dropRows").catch(failed)}
          >
            Remove these
          </button>
        </footer>
      )}
    </aside>
  );
}

function AddFacet({ session }: { session: Session }) {
  const { meta, view } = useStore(session.store);
  const open = new Set(view.facets?.map((facet) => facet.column));
  const names = (meta?.columns ?? []).filter((name) => !open.has(name) && hasFacet(session, name));
  if (names.length === 0) return null;
  return (
    <select
      className="facet-add"
      value=""
      aria-label="Add a facet"
      title="Add a facet"
      onChange={(event) => openFacet(session, event.target.value)}
    >
      <option value="" disabled>
        Add …
      </option>
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** Whether the person went on before the facet came: taking the keyboard would close the menu they have opened since. */
const isBusyElsewhere = () =>
  document.activeElement?.closest('[role="menu"][data-state="open"], [role="dialog"], input, textarea, select') != null;

function FacetCard({ session, facet }: { session: Session; facet: Facet }) {
  const [isOpen, setOpen] = useState(true);
  const head = useRef<HTMLButtonElement>(null);
  const { fresh } = useFacetPlace();
  useEffect(() => {
    // After the menu has closed, which puts the keyboard back to where it was opened.
    if (isFresh(facet.column)) requestAnimationFrame(() => !isBusyElsewhere() && head.current?.focus());
  }, [fresh, facet.column]);
  return (
    <section className="facet" aria-label={`Facet of ${facet.column}`}>
      <header>
        <button ref={head} className="facet-name" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <i aria-hidden="true" />
          <span>{facet.column}</span>
        </button>
        {isChosen(facet) && (
          <button
            className="link"
            aria-label={`reset ${facet.column}`}
            onClick={() => void choose(session, emptyFacet(facet.kind, facet.column))}
          >
            reset
          </button>
        )}
        <button
          className="icon small"
          aria-label={`Close the facet of ${facet.column}`}
          onClick={() => void closeFacet(session, facet.column)}
        >
          <Close />
        </button>
      </header>
      {isOpen &&
        (facet.kind === "values" ? (
          <ValuesChoice session={session} facet={facet} />
        ) : (
          <RangeChoice session={session} facet={facet} />
        ))}
    </section>
  );
}
