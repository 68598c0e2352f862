/** What is in the selected column: a chart, numbers, the most frequent values and words. */
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { count, isNumeric, isTime, share, typeName } from "../../parts/format";
import { theme } from "../../parts/preferences";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import { showRowsWith } from "../showRows";
import type { Spec } from "../vega";
import { type Frequent, facts, frequent, shownValue, timeSpec } from "./look";

const ChartView = lazy(() => import("../ChartView"));
const HEIGHT = 170;

interface Found {
  column: string;
  statistics: Record<string, unknown>;
  spec?: Spec;
}

export function LookTab({ session }: { session: Session }) {
  const { meta, columns, profile } = useStore(session.store);
  const colours = useStore(theme);
  const column = columns.at(-1) ?? meta?.columns[0] ?? "";
  const info = meta?.columnInfo[column];
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<string>();
  const version = meta?.version ?? 0;
  const ofTime = info !== undefined && isTime(info.dataType);
  const bins = profile?.get(column)?.histogram;

  useEffect(() => {
    if (!info) return;
    let isCurrent = true;
    setProblem(undefined);
    const chart = isNumeric(info.dataType)
      ? { type: "histogram", columnIndices: [info.index], numberOfBins: 20 }
      : { type: "frequency", columnIndex: info.index, cutoff: 12 };
    Promise.all([
      session.wire.ask("analyze", { column }),
      ofTime
        ? Promise.resolve(undefined)
        : session.wire.ask("visualize", { ...chart, format: "vega-lite" }).catch(() => undefined),
    ]).then(
      ([answer, drawn]) =>
        isCurrent &&
        setFound({ column, statistics: answer.data as Record<string, unknown>, spec: drawn?.spec as Spec | undefined }),
      (error: Error) => isCurrent && setProblem(error.message),
    );
    return () => {
      isCurrent = false;
    };
    // A column that kept its place and type is looked at again only when the table is another version.
  }, [session, column, info?.index, info?.dataType, version]);

  const ready = found?.column === column ? found : undefined;
  const ofDays = useMemo(
    () =>
      ofTime && bins
        ? (timeSpec(column, bins, getComputedStyle(document.documentElement).getPropertyValue("--bar").trim()) as Spec)
        : undefined,
    [ofTime, bins, column, colours],
  );
  if (!meta || !info) return null;
  const spec = ofDays ?? ready?.spec;
  const awaited = !problem && (ofTime ? !profile : !ready);
  const values = ready ? frequent(ready.statistics.frequencies, 10) : [];
  const words = ready && info.dataType === "string" ? frequent(ready.statistics.word_frequencies, 10) : [];
  const showsWords = Number(ready?.statistics.word_count_max ?? 0) > 1;
  return (
    <>
      <label className="form-row">
        <span>Column</span>
        <select
          className="field"
          value={column}
          onChange={(event) => session.store.set({ columns: [event.target.value], anchor: event.target.value })}
        >
          {meta.columns.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {problem && <p className="problem">{problem}</p>}
      {(spec || awaited) && (
        <div className="look-chart">
          {spec && (
            <Suspense fallback={<div className="chart skeleton" />}>
              <ChartView spec={spec} height={HEIGHT} small label={`Chart of ${column}`} />
            </Suspense>
          )}
          {!spec && <div className="chart skeleton" />}
        </div>
      )}
      <dl className="statistics" aria-busy={!ready}>
        <Line title="Type" value={typeName(info.dataType)} />
        <Line
          title="Missing"
          value={`${count(info.invalidValues)} (${share(info.invalidValues, meta.dataSize.rows)})`}
          isLoss={info.invalidValues > 0}
        />
        {ready
          ? facts(info.dataType, ready.statistics).map(([title, value]) => (
              <Line key={title} title={title} value={value} />
            ))
          : !problem && <Line title="Different values" />}
      </dl>
      {values.length > 0 && (
        <MostFrequent
          title="Most frequent"
          list={values}
          label="Show the rows with this value"
          show={(value) => showRowsWith(session, column, value)}
        />
      )}
      {showsWords && words.length > 0 && (
        <MostFrequent
          title="Most frequent words"
          list={words}
          label="Search for this word"
          show={(value) =>
            void session.setView({ search: { query: String(value), isRegex: false, columns: [column] } })
          }
        />
      )}
    </>
  );
}

function Line({ title, value, isLoss = false }: { title: string; value?: string; isLoss?: boolean }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd className={isLoss ? "loss" : ""}>
        {value ?? <span className="skeleton">&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;</span>}
      </dd>
    </div>
  );
}

function MostFrequent({
  title,
  list,
  label,
  show,
}: {
  title: string;
  list: Frequent[];
  label: string;
  show: (value: unknown) => void;
}) {
  return (
    <section className="most" aria-label={title}>
      <h2 className="section">{title}</h2>
      <ul className="frequent">
        {list.map(({ value, rows }) => (
          <li key={String(value)}>
            <button title={label} onClick={() => show(value)}>
              <i style={{ width: `${(100 * rows) / (list[0]?.rows ?? 1)}%` }} />
              <span>{shownValue(value)}</span>
              <b>{count(rows)}</b>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
