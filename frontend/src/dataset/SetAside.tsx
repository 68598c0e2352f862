/** What was not read as it stands in the file: a quiet note, and behind it the lines with the reasons. */
import { useEffect, useState } from "react";
import type { components } from "../api/generated";
import { Dialog } from "../parts/Dialog";
import { count, counted } from "../parts/format";
import { saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import type { Session } from "./session";

type Records = components["schemas"]["SetAsideRecord"];
const AT_ONCE = 100;

export function SetAsideNote({ session }: { session: Session }) {
  const { ledger, warnings } = useStore(session.store);
  const [isOpen, setOpen] = useState(false);
  const kept = ledger?.kept ?? 0;
  if (kept === 0 && warnings.length === 0) return null;
  const unit = ledger?.unit ?? "line";
  const said = kept > 0 ? `${counted(kept, unit)} not read whole` : counted(warnings.length, "note");
  return (
    <>
      <button
        className="aside-note"
        aria-haspopup="dialog"
        aria-label={`${said}: look at them`}
        title="What was not read as it stands in the file"
        onClick={() => setOpen(true)}
      >
        <i aria-hidden>!</i>
        <span className="wide-only">{said}</span>
        <span className="narrow-only">{count(kept || warnings.length)}</span>
      </button>
      {isOpen && <SetAsideDialog session={session} kept={kept} unit={unit} close={() => setOpen(false)} />}
    </>
  );
}

function SetAsideDialog({
  session,
  kept,
  unit,
  close,
}: {
  session: Session;
  kept: number;
  unit: string;
  close: () => void;
}) {
  const { warnings, ledger, name } = useStore(session.store);
  const [records, setRecords] = useState<Records[]>();
  const [problem, setProblem] = useState<string>();
  const more = (from: number) =>
    session.wire.ask("setAside", { from, to: from + AT_ONCE - 1 }).then(
      (answer) => setRecords((old = []) => [...old.slice(0, from), ...answer.records]),
      (error: Error) => setProblem(error.message),
    );
  useEffect(() => {
    if (kept > 0) void more(0);
  }, [session]);
  const shown = records?.length ?? 0;
  return (
    <Dialog title="What was not read as it stands in the file" close={close} wide>
      {ledger && (
        <p>
          {name} has {counted(ledger.lines, unit)};{" "}
          {kept === 0
            ? "all were read."
            : `${count(kept)} could not be read whole and ${kept === 1 ? "is" : "are"} listed here. Nothing is lost: keep the list, mend the lines in the file and open it again, or mend the cells in the table.`}
        </p>
      )}
      {warnings.length > 0 && (
        <ul className="aside-warnings">
          {warnings.map((warning) => (
            <li key={warning.code + warning.message}>{warning.message}</li>
          ))}
        </ul>
      )}
      {problem && <p className="problem">{problem}</p>}
      {kept > 0 && (
        <div className="records aside-records" role="region" aria-label="Lines that were not read whole" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  {unit.charAt(0).toUpperCase() + unit.slice(1)}
                </th>
                <th scope="col">What became of it</th>
                <th scope="col">Text</th>
              </tr>
            </thead>
            <tbody>
              {records?.map((record, at) => (
                <tr key={at}>
                  <td className="number">{count(record.line)}</td>
                  <td className="reason">
                    {record.reason}
                    <small>
                      {record.row === null || record.row === undefined
                        ? "not in the table"
                        : `row ${count(record.row + 1)} of the table as read`}
                    </small>
                  </td>
                  <td>
                    {record.raw}
                    {record.cut && "…"}
                  </td>
                </tr>
              ))}
              {!records && !problem && (
                <tr>
                  <td colSpan={3}>
                    <span className="skeleton">&nbsp;</span>
                  </td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
      {kept > 0 && (
        <div className="form-foot">
          <button className="button" onClick={() => saveFrom(`/api/v1/datasets/${session.id}/set-aside.csv`)}>
            Save as CSV
          </button>
          {records && shown < kept && (
            <button className="button quiet" onClick={() => void more(shown)}>
              Show {count(Math.min(AT_ONCE, kept - shown))} more
            </button>
          )}
          <span className="spring" />
          <span className="hint">{records ? `${count(shown)} of ${count(kept)} shown` : ""}</span>
        </div>
      )}
    </Dialog>
  );
}
