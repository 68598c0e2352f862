/** What is in the selected column: numbers and a chart. */
import { lazy, Suspense, useEffect, useState } from "react";
import { useStore } from "../../parts/store";
import { count, isNumeric, isTime, share, statistic, typeName } from "../../logic/format";
import type { Session } from "../session";
import type { Spec } from "../vega";

const ChartView = lazy(() => import("../ChartView"));

interface Found {
  column: string;
  version: number;
  statistics: Record<string, unknown>;
  spec?: Spec;
}

const ROWS: [string, string][] = [
  ["mean", "Mean"], ["std", "Standard deviation"], ["min", "Smallest"], ["25%", "Lower quarter"], ["50%", "Median"], ["median", "Median"], ["75%", "Upper quarter"], ["max", "Greatest"],
  ["word_count_average", "Words in a value, on average"], ["word_unique_count", "Different words"],
];

export function LookTab({ session }: { session: Session }) {
  const { meta, columns } = useStore(session.store);
  const column = columns.at(-1) ?? meta?.columns[0] ?? "";
  const info = meta?.columnInfo[column];
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<string>();
  const version = meta?.version ?? 0;

  useEffect(() => {
    if (!info) return;
    let isCurrent = true;
    setProblem(undefined);
    const asNumbers = isNumeric(info.dataType);
    const chart = asNumbers ? { type: "histogram", columnIndices: [info.index], numberOfBins: 20 } : { type: "frequency", columnIndex: info.index, cutoff: 12 };
    Promise.all([
      session.wire.ask("analyze", { column }),
      isTime(info.dataType) ? Promise.resolve(undefined) : session.wire.ask("visualize", { ...chart, format: "vega-lite" }).catch(() => undefined),
    ]).then(
      ([answer, drawn]) => isCurrent && setFound({ column, version, statistics: answer.data as Record<string, unknown>, spec: drawn?.spec as Spec | undefined }),
      (error: Error) => isCurrent && setProblem(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [session, column, info, version]);

  if (!meta || !info) return null;
  const rows = meta.dataSize.rows;
  const ready = found?.column === column ? found : undefined;
  const frequencies = (ready?.statistics.frequencies as [unknown, number][] | undefined)?.slice(0, 10) ?? [];
  return (
    <>
      <label className="form-row">
        <span>Column</span>
        <select className="field" value={column} onChange={(event) => session.store.set({ columns: [event.target.value], anchor: event.target.value })}>
          {meta.columns.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {problem && <p className="problem">{problem}</p>}
      {ready?.spec ? (
        <Suspense fallback={<div className="chart skeleton" />}>
          <ChartView spec={ready.spec} height={170} small label={`Chart of ${column}`} />
        </Suspense>
      ) : (
        !ready && !problem && <div className="chart skeleton" />
      )}
      <dl className="statistics">
        <div>
          <dt>Type</dt>
          <dd>{typeName(info.dataType)}</dd>
        </div>
        <div>
          <dt>Missing</dt>
          <dd className={info.invalidValues > 0 ? "loss" : ""}>
            {count(info.invalidValues)} ({share(info.invalidValues, rows)})
          </dd>
        </div>
        {ready && (
          <div>
            <dt>Different values</dt>
            <dd>{statistic(ready.statistics.unique_count)}</dd>
          </div>
        )}
        {ready &&
          ROWS.filter(([name]) => ready.statistics[name] !== undefined).map(([name, title]) => (
            <div key={name}>
              <dt>{title}</dt>
              <dd>{statistic(ready.statistics[name])}</dd>
            </div>
          ))}
      </dl>
      {frequencies.length > 0 && <h2 className="section">Most frequent</h2>}
      <ul className="frequent">
        {frequencies.map(([value, number]) => (
          <li key={String(value)}>
            <button title="Show these rows" onClick={() => void session.setView({ search: { query: String(value), isRegex: false, columns: [column] } })}>
              <i style={{ width: `${(100 * number) / (frequencies[0]?.[1] ?? 1)}%` }} />
              <span>{statisticOrText(value)}</span>
              <b>{count(number)}</b>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const statisticOrText = (value: unknown) => (typeof value === "number" ? statistic(value) : value === "" ? "(empty)" : String(value));
