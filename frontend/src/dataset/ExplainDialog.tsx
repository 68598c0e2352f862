/** Where a cell comes from: its line in the file, and every step that changed it. */
import { useEffect, useState } from "react";
import { Dialog } from "../parts/Dialog";
import { type Explained, inShort, linesOf, quote } from "./explain";
import type { Cell } from "./gridKeys";
import type { Session } from "./session";

export function ExplainDialog({ session, cell, close }: { session: Session; cell: Cell; close: () => void }) {
  const [explained, setExplained] = useState<Explained>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    session.wire.ask("explainCell", { rowIndex: cell.row.number, column: cell.column }).then(
      (answer) => isCurrent && setExplained(answer),
      (error: Error) => isCurrent && setProblem(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [session, cell]);
  return (
    <Dialog title={`Where does this come from?`} close={close}>
      <p className="about">
        {cell.column}, row {(cell.row.number + 1).toLocaleString("en-US")}, now {quote(cell.value)}
      </p>
      {problem && <p className="problem">{problem}</p>}
      {!explained && !problem && (
        <div className="way-skeleton" role="status" aria-label="Following the cell back through the steps">
          <span className="skeleton" />
          <span className="skeleton" />
        </div>
      )}
      {explained && (
        <>
          <p>{inShort(explained)}</p>
          <ol className="way">
            {linesOf(explained, session.state.name).map((line, at) => (
              <li key={at} className={line.sentence ? "made" : undefined}>
                {line.sentence && <strong>{line.sentence}</strong>}
                <span>{line.said}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Dialog>
  );
}
