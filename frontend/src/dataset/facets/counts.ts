/** What a facet shows of its column: counted in the rows that everything but the facet itself leaves. */
import { useEffect, useState } from "react";
import { useStore } from "../../parts/store";
import type { ColumnProfile, Session } from "../session";
import { viewParameters, whereOf, without } from "../view";
import { allOf, type Facet, quoteName, quoteText } from "./conditions";

export interface Counts {
  key: string;
  about?: ColumnProfile;
  rows: number;
  problem?: string;
}

/** `found` stays what it was until the new counts are there, so that nothing jumps. */
export function useCounts(session: Session, facet: Facet, search = ""): Counts | undefined {
  const { view, meta } = useStore(session.store);
  const [found, setFound] = useState<Counts>();
  const others = without(view, facet);
  const sought =
    search === "" ? undefined : `CONTAINS(LOWER(${quoteName(facet.column)}), ${quoteText(search.toLowerCase())})`;
  const where = allOf([whereOf(others), sought].filter((each) => each !== undefined));
  const asked = meta ? { ...viewParameters(others, meta), where, columns: [facet.column] } : undefined;
  const key = JSON.stringify([asked, meta?.version]);
  useEffect(() => {
    if (!asked) return;
    let isCurrent = true;
    session
      .busyWith(`Counting ${facet.column}`, () => session.wire.ask("profile", asked))
      .then(
        (answer) => {
          const { columns, rows } = answer.data;
          if (isCurrent) setFound({ key, about: columns[0], rows });
        },
        (error: Error) => isCurrent && setFound({ key, rows: 0, problem: error.message }),
      );
    return () => {
      isCurrent = false;
    };
  }, [session, key]);
  return found;
}
