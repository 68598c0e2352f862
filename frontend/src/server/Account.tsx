/** Who one is to the server, and the way out. */
import { useState } from "react";
import { type Me, signOut } from "../api/account";
import { failed } from "../parts/toasts";

const SCOPES = {
  read: "may read",
  write: "may read and change",
  admin: "may do everything, and sees how the server is",
};

export function Account({ me }: { me: Me }) {
  const [isLeaving, setLeaving] = useState(false);
  if (me.open)
    return (
      <p className="box account about">
        {me.user ? <strong>{me.user}</strong> : null}
        <span>This server asks nobody for a token: whoever reaches it may do everything.</span>
      </p>
    );
  return (
    <div className="box account">
      <div>
        <strong>{me.user ?? "Nobody"}</strong>
        <span className="about">{SCOPES[me.scope]}</span>
      </div>
      {me.login && (
        <button
          className="button"
          disabled={isLeaving}
          onClick={() => {
            setLeaving(true);
            signOut().catch((error: unknown) => {
              setLeaving(false);
              failed(error);
            });
          }}
        >
          {isLeaving ? "Signing out …" : "Sign out"}
        </button>
      )}
    </div>
  );
}
