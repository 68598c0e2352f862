/** Go to a row by its number. */
import { useState } from "react";
import { Dialog } from "../parts/Dialog";
import { count } from "../parts/format";
import { useStore } from "../parts/store";
import type { Session } from "./session";
import { isNarrowed } from "./view";

export function GoToRow({ session, go, close }: { session: Session; go: (at: number) => void; close: () => void }) {
  const { viewRows, view } = useStore(session.store);
  const [text, setText] = useState("");
  const asked = Number(text.replace(/[\s,.']/g, ""));
  const isThere = Number.isInteger(asked) && asked >= 1 && asked <= viewRows;
  const isOther = isNarrowed(view) || view.sort !== undefined;
  return (
    <Dialog title="Go to a row" close={close}>
      <form
        className="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          if (isThere) go(asked - 1);
        }}
      >
        <label htmlFor="row-number">
          {isOther ? `Place among the rows shown, 1 to ${count(viewRows)}` : `Row, 1 to ${count(viewRows)}`}
        </label>
        <input
          id="row-number"
          className="field"
          inputMode="numeric"
          autoComplete="off"
          autoFocus
          value={text}
          aria-invalid={(text !== "" && !isThere) || undefined}
          onChange={(event) => setText(event.target.value)}
        />
        {text !== "" && !isThere && <p className="problem">There is no such row; the last is {count(viewRows)}.</p>}
        <div className="form-foot">
          <button className="button primary" disabled={!isThere}>
            Go there
          </button>
        </div>
      </form>
    </Dialog>
  );
}
