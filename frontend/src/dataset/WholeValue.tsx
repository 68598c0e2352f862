/** A long value in full. */

import { Dialog } from "../parts/Dialog";
import { counted } from "../parts/format";
import { copyText } from "../parts/save";
import type { Cell } from "./gridKeys";
import { exact } from "./tsv";

export function WholeValue({ cell, close }: { cell: Cell; close: () => void }) {
  const text = exact(cell.value);
  return (
    <Dialog title={`${cell.column}, row ${(cell.row.number + 1).toLocaleString("en-US")}`} close={close}>
      <div className="whole-value" tabIndex={0} role="region" aria-label="The whole value">
        {text}
      </div>
      <div className="form-foot">
        <button className="button" onClick={() => void copyText(text, "The value is copied.")}>
          Copy
        </button>
        <span className="spring" />
        <span className="hint">{counted([...text].length, "character")}</span>
      </div>
    </Dialog>
  );
}
