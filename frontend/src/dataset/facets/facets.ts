/** Opening and changing facets, from wherever a person starts. */

import { Store, useStore } from "../../parts/store";
import type { Session } from "../session";
import { withFacet } from "../view";
import { emptyFacet, type Facet, facetKind } from "./conditions";

const place = new Store<{ open: boolean; fresh?: string }>({ open: true });

export const useFacetPlace = () => ({ ...useStore(place), toggle: () => place.set({ open: !place.get().open }) });

/** Whether somebody has just asked for a column's facet, so that the keyboard goes there; answers so once. */
export function isFresh(column: string): boolean {
  if (place.get().fresh !== column) return false;
  place.set({ fresh: undefined });
  return true;
}

/** Whether a column can have a facet. */
export const hasFacet = (session: Session, column: string) =>
  facetKind(session.state.meta?.columnInfo[column]?.dataType ?? "") !== undefined;

/** Shows a facet of a column; one that is open stays as it is. */
export function openFacet(session: Session, column: string): void {
  place.set({ open: true, fresh: column });
  const kind = facetKind(session.state.meta?.columnInfo[column]?.dataType ?? "");
  const view = session.wanted;
  if (kind && !view.facets?.some((facet) => facet.column === column))
    void session.setView(withFacet(view, column, emptyFacet(kind, column)));
}

export const choose = (session: Session, facet: Facet) =>
  session.setView(withFacet(session.wanted, facet.column, facet));

export const closeFacet = (session: Session, column: string) =>
  session.setView(withFacet(session.wanted, column, undefined));
