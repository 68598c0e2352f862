/** The partitions on top, and the way into one by name. */
import { useEffect, useState } from "react";
import { listPartitions } from "../api/files";
import { Files } from "../parts/icons";
import { Link } from "../parts/Link";
import { areaAddress, navigate } from "../router";
import { RowsSkeleton } from "./Offered";
import { partitionName, partitionProblem } from "./uploads";

export function PartitionList() {
  const [names, setNames] = useState<string[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    listPartitions().then(setNames, (error: Error) => setProblem(error.message));
  }, []);
  return (
    <section aria-labelledby="partitions">
      <div className="section-head">
        <h2 id="partitions">Partitions</h2>
        <span className="hint">Folders that take files in; none is ever overwritten</span>
      </div>
      <NameForm />
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {!names && !problem && <RowsSkeleton rows={2} />}
      {names?.length === 0 && (
        <div className="box empty">
          <strong>No partition yet</strong>
          <p>
            Name one above and drop files into it. It begins to exist with its first file; others reach it by its name.
          </p>
        </div>
      )}
      {names && names.length > 0 && (
        <ul className="box rows folders">
          {names.map((name) => (
            <li key={name}>
              <Link href={areaAddress("files", { partition: name })}>
                <Files />
                {name}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A partition's name, to open it or to begin it; below another one where `within` names that. */
export function NameForm({ within = "" }: { within?: string }) {
  const [typed, setTyped] = useState("");
  const problem = partitionProblem(typed);
  return (
    <form
      className="name-form"
      onSubmit={(event) => {
        event.preventDefault();
        const name = partitionName(typed);
        if (name && !problem) navigate(areaAddress("files", { partition: within ? `${within}/${name}` : name }));
      }}
    >
      <input
        className="field"
        placeholder={within ? "a partition within this one" : "reports/2024"}
        aria-label={within ? "Name of a partition within this one" : "Name of a partition"}
        aria-invalid={problem ? true : undefined}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button className="button" disabled={!partitionName(typed) || !!problem}>
        Open or begin it
      </button>
      {problem && <p className="problem">{problem}</p>}
    </form>
  );
}
