/** Who else has the table open: initials where names are known, a dot for each other one. */

import { counted } from "../parts/format";
import { useStore } from "../parts/store";
import type { Session } from "./session";
import { initials } from "./together";

const MOST = 4;

export function Presence({ session }: { session: Session }) {
  const { here, people, me } = useStore(session.store);
  const named = people.filter((name) => name !== me);
  const others = here - 1;
  if (others < 1) return null;
  const unnamed = Math.max(0, others - named.length);
  const dots = Math.min(unnamed, Math.max(0, MOST - named.length));
  const who = [
    ...named,
    ...(unnamed > 0 ? [counted(unnamed, named.length > 0 ? "more" : "other").replace("mores", "more")] : []),
  ].join(", ");
  return (
    <p className="presence" title={`${who} here. Everyone sees each other's changes at once.`}>
      {named.slice(0, MOST).map((name) => (
        <b key={name} title={name} aria-hidden>
          {initials(name)}
        </b>
      ))}
      {Array.from({ length: dots }, (_, at) => (
        <i key={at} />
      ))}
      <span className={named.length > 0 ? "sr-only" : "wide-only"}>
        {named.length > 0 ? `${who} here` : `${counted(others, "other")} here`}
      </span>
    </p>
  );
}
