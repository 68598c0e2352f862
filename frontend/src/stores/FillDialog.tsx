/** Appends the rows of a dataset to a list. */
import { useEffect, useState } from "react";
import { type DatasetSummary, listDatasets } from "../api/rest";
import { fillList } from "../api/stores";
import { Dialog } from "../parts/Dialog";
import { ago, counted } from "../parts/format";
import { recentIds } from "../parts/preferences";
import { toast } from "../parts/toasts";

export function FillDialog({ name, done, close }: { name: string; done: () => Promise<void>; close: () => void }) {
  const [datasets, setDatasets] = useState<DatasetSummary[]>();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isFilling, setFilling] = useState(false);
  useEffect(() => {
    listDatasets(recentIds()).then(setDatasets, (error: Error) => setProblem(error.message));
  }, []);
  const id = /[0-9a-f]{30}/.exec(typed)?.[0];
  const fill = async (dataset: string) => {
    setFilling(true);
    setProblem(undefined);
    try {
      const { added } = await fillList(name, dataset);
      toast(`Added ${counted(added, "row")} to ${name}`);
      close();
      await done();
    } catch (error) {
      setProblem((error as Error).message);
      setFilling(false);
    }
  };
  return (
    <Dialog title={`Fill ${name} from a dataset`} close={close}>
      <p className="about">Each row becomes an item, appended to those that are there.</p>
      {datasets && datasets.length > 0 && (
        <ul className="box rows">
          {datasets.map((dataset) => (
            <li key={dataset.sessionID}>
              <div className="main">
                <strong>{dataset.name}</strong>
                <span>
                  {dataset.rows === undefined || dataset.rows === null ? "being read" : counted(dataset.rows, "row")} ·{" "}
                  {ago(dataset.created)}
                </span>
              </div>
              <button
                className="button"
                aria-label={`Append its rows: ${dataset.name}`}
                disabled={isFilling}
                onClick={() => void fill(dataset.sessionID)}
              >
                Append its rows
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (id) void fill(id);
        }}
      >
        <input
          className="field"
          placeholder="or a dataset’s link"
          aria-label="A dataset’s link"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button className="button" disabled={!id || isFilling}>
          Append its rows
        </button>
      </form>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
