/** What a job returned. Large results are fetched only when somebody wants to see them. */
import { useEffect, useMemo, useState } from "react";
import { type Job, showResult } from "../api/jobs";
import { bytes } from "../parts/format";
import { Copy, Download } from "../parts/icons";
import { JsonView } from "../parts/JsonView";
import { copyText, saveFrom } from "../parts/save";
import { FoundView, ReferenceView } from "./FoundView";
import { classify, type Found, referencesIn } from "./results";

const FETCHED_BYTES = 2_000_000;
const COPIED_BYTES = 1_000_000;

export function JobResult({ job }: { job: Job }) {
  const size = job.result_bytes ?? 0;
  const [fetched, setFetched] = useState<{ value?: unknown; problem?: string }>();
  const [isWanted, setWanted] = useState(size <= FETCHED_BYTES);
  const isThere = Object.hasOwn(job, "data"); // it may be there and be nothing
  useEffect(() => {
    if (isThere || !isWanted) return;
    let isCurrent = true;
    showResult(job.id).then(
      (value) => isCurrent && setFetched({ value }),
      (error: Error) => isCurrent && setFetched({ problem: error.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [job.id, isThere, isWanted]);
  const result = isThere ? { value: job.data } : fetched;
  return (
    <section className="result" aria-label="Result">
      <div className="list-head">
        <h2>Result</h2>
        <span className="spring" />
        {result && "value" in result && size <= COPIED_BYTES && (
          <button
            className="button quiet"
            onClick={() =>
              void copyText(
                typeof result.value === "string" ? result.value : JSON.stringify(result.value, null, 2),
                "Copied the result.",
              )
            }
          >
            <Copy />
            Copy
          </button>
        )}
        <button
          className="button quiet"
          onClick={() => saveFrom(job.links.result, `${job.type}-${job.id.slice(0, 8)}.json`)}
        >
          <Download />
          JSON, {bytes(size)}
        </button>
      </div>
      {result ? (
        <Shown result={result} name={job.type} />
      ) : isWanted ? (
        <div className="box result-skeleton" role="status">
          Fetching {bytes(size)} …
        </div>
      ) : (
        <Large size={size} show={() => setWanted(true)} />
      )}
    </section>
  );
}

function Large({ size, show }: { size: number; show: () => void }) {
  return (
    <div className="box empty">
      <strong>This result has {bytes(size)}</strong>
      <p>It is kept as a file. Download it, or have this page show it, which takes some memory.</p>
      <button className="button" onClick={show}>
        Show it
      </button>
    </div>
  );
}

function Shown({ result, name }: { result: { value?: unknown; problem?: string }; name: string }) {
  const found = useMemo(() => classify(result.value), [result.value]);
  const references = useMemo(
    () => referencesIn(result.value, location.origin).filter(({ place }) => !isInline(found, place)),
    [result.value, found],
  );
  if (result.problem !== undefined)
    return (
      <p className="problem" role="alert">
        {result.problem}
      </p>
    );
  return (
    <>
      {references.length > 0 && (
        <ul className="references" aria-label="Files and datasets in it">
          {references.map(({ place, to }) => (
            <li key={place}>
              <code className="code">{place}</code>
              <ReferenceView to={to} />
            </li>
          ))}
        </ul>
      )}
      {found.kind === "nothing" ? (
        <p className="box empty">It returned nothing.</p>
      ) : (
        <FoundView found={found} label="Result" opensAs={name} />
      )}
      {(found.kind === "named" || found.kind === "table" || found.kind === "chart") && (
        <details className="as-json">
          <summary>The same as JSON</summary>
          <JsonView value={result.value} label="Result as JSON" />
        </details>
      )}
    </>
  );
}

/** Whether a reference stands where it can be pressed already: the whole result, or one of its named values. */
const isInline = (found: Found, place: string) =>
  found.kind === "value" ||
  (found.kind === "named" && found.entries.some((each) => each.name === place && each.found.kind === "value"));
