/** Keeps the address of the table's page in step with what is shown, so that it can be sent to somebody. */
import { useEffect } from "react";
import { useStore } from "../parts/store";
import { navigate } from "../router";
import type { Session } from "./session";
import { viewQuery } from "./view";

export function useViewAddress(session: Session, isShown: boolean): void {
  const { view, phase } = useStore(session.store);
  const told = JSON.stringify(viewQuery(view));
  useEffect(() => {
    if (!isShown || phase !== "ready") return;
    const query = new URLSearchParams(location.search);
    query.delete("where");
    query.delete("facet");
    for (const [name, text] of JSON.parse(told) as [string, string][]) query.append(name, text);
    navigate(query.size > 0 ? `${location.pathname}?${query}` : location.pathname, true);
  }, [told, isShown, phase]);
}
