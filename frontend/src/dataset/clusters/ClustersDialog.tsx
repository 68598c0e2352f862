/** Spellings that are probably one value: in groups, to be merged in one step. */
import { useEffect, useState } from "react";
import type { components } from "../../api/generated";
import { Dialog } from "../../parts/Dialog";
import { count, counted, visible } from "../../parts/format";
import type { Session } from "../session";
import { type Choice, type Cluster, effectOf, METHODS, type Method, mergesOf, STRICTNESS, startOf } from "./merges";
import "./clusters.css";
import { TextInput } from "../../parts/TextInput";

type Found = components["schemas"]["Clusters"];
const SHOWN_VALUES = 12;

export default function ClustersDialog({
  session,
  column,
  close,
}: {
  session: Session;
  column: string;
  close: () => void;
}) {
  const [method, setMethod] = useState<Method>("fingerprint");
  const [strictness, setStrictness] = useState(1);
  const [found, setFound] = useState<Found>();
  const [choices, setChoices] = useState<Choice[]>([]);
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const [problem, setProblem] = useState<string>();
  const [isMerging, setMerging] = useState(false);
  const levels = STRICTNESS[method];
  const settings = levels[Math.min(strictness, levels.length - 1)]![1];
  const key = JSON.stringify([method, settings]);

  useEffect(() => {
    let isCurrent = true;
    setFound(undefined);
    setProblem(undefined);
    setProgress(undefined);
    const told = (done: number, total: number) => isCurrent && setProgress({ done, total });
    session.wire.ask("cluster", { column, method, ...settings }, { progress: told }).then(
      (answer) => {
        if (!isCurrent) return;
        setFound(answer);
        setChoices(startOf(answer.clusters));
      },
      (error: Error) => isCurrent && setProblem(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [session, column, key]);

  const effect = found ? effectOf(found.clusters, choices) : undefined;
  const change = (at: number, part: Partial<Choice>) =>
    setChoices(choices.map((choice, each) => (each === at ? { ...choice, ...part } : choice)));
  const merge = async () => {
    if (!found) return;
    setMerging(true);
    try {
      await session.change(
        "mergeValues",
        { column, merges: mergesOf(found.clusters, choices) },
        "Merging the spellings",
      );
      close();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setMerging(false);
    }
  };
  const areAllOn = choices.every((choice) => choice.isOn);
  return (
    <Dialog title={`Merge spellings in ${column}`} close={close} wide>
      <div className="cluster-how">
        <fieldset>
          <legend>Taken for one value</legend>
          <div className="cluster-methods">
            {(Object.keys(METHODS) as Method[]).map((name) => (
              <label key={name} className={method === name ? "kind on" : "kind"}>
                <input type="radio" name="method" checked={method === name} onChange={() => setMethod(name)} />
                {METHODS[name][0]}
              </label>
            ))}
          </div>
        </fieldset>
        {levels.length > 1 && (
          <label className="cluster-level">
            <span>How alike</span>
            <select
              className="field"
              value={strictness}
              onChange={(event) => setStrictness(Number(event.target.value))}
            >
              {levels.map(([words], at) => (
                <option key={words} value={at}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <p className="hint">{METHODS[method][1]}</p>
      {problem && <p className="problem">{problem}</p>}
      {!found && !problem && <Looking progress={progress} />}
      {found && found.clusters.length === 0 && (
        <div className="empty">
          <strong>No two spellings look alike</strong>
          <p>{counted(found.distinct, "different value")} compared. Another way of comparing may find more.</p>
        </div>
      )}
      {found && found.clusters.length > 0 && effect && (
        <>
          <label className="check cluster-all">
            <input
              type="checkbox"
              checked={areAllOn}
              ref={(box) => {
                if (box) box.indeterminate = !areAllOn && choices.some((choice) => choice.isOn);
              }}
              onChange={() => setChoices(choices.map((choice) => ({ ...choice, isOn: !areAllOn })))}
            />
            <span>
              {counted(found.clusterCount, "group")} of alike spellings among {counted(found.distinct, "value")}
              {found.clusterCount > found.clusters.length && `; the largest ${count(found.clusters.length)} are shown`}
            </span>
          </label>
          <ul className="clusters">
            {found.clusters.map((cluster, at) => (
              <Group
                key={cluster.suggested}
                cluster={cluster}
                choice={choices[at]!}
                change={(part) => change(at, part)}
              />
            ))}
          </ul>
          <div className="form-foot cluster-foot">
            <button className="button primary" disabled={effect.groups === 0 || isMerging} onClick={() => void merge()}>
              Merge {counted(effect.groups, "group")}
            </button>
            <p role="status" className="hint">
              {effect.groups === 0
                ? "Nothing is chosen."
                : `${counted(effect.values, "spelling")} in ${counted(effect.rows, "row")} will change. It can be undone.`}
            </p>
          </div>
        </>
      )}
    </Dialog>
  );
}

function Looking({ progress }: { progress?: { done: number; total: number } }) {
  return (
    <div className="cluster-looking" role="status">
      <p>
        {progress && progress.total > 0
          ? `Comparing the values: ${count(progress.done)} of ${count(progress.total)}`
          : "Reading the values …"}
      </p>
      {Array.from({ length: 4 }, (_, at) => (
        <span key={at} className="skeleton" />
      ))}
    </div>
  );
}

function Group({
  cluster,
  choice,
  change,
}: {
  cluster: Cluster;
  choice: Choice;
  change: (part: Partial<Choice>) => void;
}) {
  const rest = cluster.valueCount - SHOWN_VALUES;
  return (
    <li className={choice.isOn ? "cluster" : "cluster off"}>
      <input
        type="checkbox"
        checked={choice.isOn}
        aria-label={`Merge the spellings of ${cluster.suggested}`}
        onChange={(event) => change({ isOn: event.target.checked })}
      />
      <ul className="cluster-values">
        {cluster.values.slice(0, SHOWN_VALUES).map(([value, rows]) => (
          <li key={value}>
            <button
              type="button"
              title="Take this spelling"
              aria-pressed={value === choice.target}
              onClick={() => change({ target: value, isOn: true })}
            >
              <Shown text={value} />
              <b>
                {count(rows)}
                <span className="sr-only">{rows === 1 ? " row" : " rows"}</span>
              </b>
            </button>
          </li>
        ))}
        {rest > 0 && <li className="hint">and {count(rest)} more</li>}
      </ul>
      <span className="cluster-arrow" aria-hidden="true">
        →
      </span>
      <TextInput
        value={choice.target}
        label={`New text for the spellings of ${cluster.suggested}`}
        change={(target) => change({ target, isOn: true })}
      />
    </li>
  );
}

function Shown({ text }: { text: string }) {
  const { before, middle, after } = visible(text);
  return (
    <span>
      {before && <em>{before}</em>}
      {middle}
      {after && <em>{after}</em>}
    </span>
  );
}
