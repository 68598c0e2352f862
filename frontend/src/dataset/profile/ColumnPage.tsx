/** One column in depth: its numbers, a chart, the most frequent values, and the ways on from there. */
import { lazy, Suspense, useEffect, useState } from "react";
import { count, counted, isNumeric, isTime, share, statistic, typeName, visible } from "../../parts/format";
import { Back } from "../../parts/icons";
import { Link } from "../../parts/Link";
import { useStore } from "../../parts/store";
import { openClusters } from "../clusters/clusters";
import { hasFacet } from "../facets/facets";
import type { ColumnProfile, Session } from "../session";
import type { Spec } from "../vega";
import { noticesOf } from "./noticing";
import { facetOn, operate, profileAddress, showRows, showValue, WAYS } from "./show";

const ChartView = lazy(() => import("../ChartView"));

interface Found {
  version: number;
  statistics: ColumnProfile["statistics"];
  spec?: Spec;
  outliers?: number;
}

const NUMBERS: [keyof ColumnProfile["statistics"], string][] = [
  ["mean", "Mean"],
  ["50%", "Median"],
  ["median", "Median"],
  ["std", "Standard deviation"],
  ["min", "Smallest"],
  ["25%", "Lower quarter"],
  ["75%", "Upper quarter"],
  ["max", "Greatest"],
  ["range", "Range"],
  ["word_count_average", "Words in a value, on average"],
  ["word_count_max", "Most words in a value"],
  ["word_length_average", "Letters in a word, on average"],
  ["word_total", "Words in all"],
  ["word_unique_count", "Different words"],
];

async function look(session: Session, column: string): Promise<Found> {
  const { meta } = session.state;
  const info = meta!.columnInfo[column]!;
  const isNumber = isNumeric(info.dataType) && info.dataType !== "duration";
  const chart = isNumber
    ? { type: "histogram", columnIndices: [info.index], numberOfBins: 40 }
    : { type: "frequency", columnIndex: info.index, cutoff: 20 };
  const [answer, drawn, far] = await Promise.all([
    session.wire.ask("analyze", { column }),
    isTime(info.dataType)
      ? undefined
      : session.wire.ask("visualize", { ...chart, format: "vega-lite" }).catch(() => undefined),
    isNumber
      ? session.wire
          .ask("metadata", { filterType: "outliers", filterColumnIndices: [info.index], outliersStdDev: 3 })
          .catch(() => undefined)
      : undefined,
  ]);
  return {
    version: meta!.version,
    statistics: answer.data,
    spec: drawn?.spec as Spec | undefined,
    outliers: far?.dataSize.rows,
  };
}

export function ColumnPage({ session, column }: { session: Session; column: string }) {
  const { meta, profile } = useStore(session.store);
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<string>();
  const version = meta?.version ?? 0;
  useEffect(() => {
    let isCurrent = true;
    session
      .busyWith(`Looking at ${column}`, () => look(session, column))
      .then(
        (next) => isCurrent && setFound(next),
        (error: Error) => isCurrent && setProblem(error.message),
      );
    return () => {
      isCurrent = false;
    };
  }, [session, column, version]);
  const info = meta?.columnInfo[column];
  if (!meta || !info) return null;
  const rows = meta.dataSize.rows;
  const about = profile?.get(column);
  const at = meta.columns.indexOf(column);
  const [before, after] = [meta.columns[at - 1], meta.columns[at + 1]];
  const isText = info.dataType === "string";
  return (
    <section className="profile column-page" aria-label={`Column ${column}`}>
      <header className="profile-head">
        <Link className="icon" href={profileAddress(session)} aria-label="All columns" title="All columns">
          <Back />
        </Link>
        <div>
          <h2>{column}</h2>
          <p className="about">
            {typeName(info.dataType)} ·{" "}
            {info.invalidValues > 0
              ? `${count(info.invalidValues)} of ${count(rows)} missing (${share(info.invalidValues, rows)})`
              : `none of ${count(rows)} missing`}
          </p>
        </div>
        <nav className="button-line" aria-label="Other columns">
          {before !== undefined && (
            <Link className="button quiet" href={profileAddress(session, before)} title={before}>
              Previous
            </Link>
          )}
          {after !== undefined && (
            <Link className="button quiet" href={profileAddress(session, after)} title={after}>
              Next
            </Link>
          )}
        </nav>
      </header>
      {problem && <p className="problem profile-note">{problem}</p>}
      {about && <Notices session={session} column={about} rows={rows} />}
      <div className="button-line column-ways">
        {hasFacet(session, column) && (
          <button className="button" onClick={() => facetOn(session, column)}>
            Facet
          </button>
        )}
        {info.invalidValues > 0 && (
          <button className="button" onClick={() => showValue(session, column, null)}>
            Show the {count(info.invalidValues)} missing
          </button>
        )}
        {info.invalidValues > 0 && (
          <button
            className="button"
            onClick={() =>
              operate(session, column, isNumeric(info.dataType) ? "fillWithAverage" : "fillWithCustomValue")
            }
          >
            Fill missing…
          </button>
        )}
        {isText && (
          <button className="button" onClick={() => openClusters(column)}>
            Merge spellings…
          </button>
        )}
        <button className="button" onClick={() => operate(session, column, "changeColumnDataType")}>
          Change type…
        </button>
      </div>
      <div className="column-parts">
        <div className="column-chart">
          {found?.spec ? (
            <Suspense fallback={<div className="chart skeleton" />}>
              <ChartView spec={found.spec} height={320} label={`Chart of ${column}`} />
            </Suspense>
          ) : about?.histogram ? (
            <Timeline about={about} />
          ) : (
            !found && !problem && <div className="chart skeleton" />
          )}
        </div>
        <dl className="statistics column-numbers">
          <div>
            <dt>Different values</dt>
            <dd>{found ? count(found.statistics.unique_count) : ""}</dd>
          </div>
          {found &&
            NUMBERS.filter(([name]) => found.statistics[name] !== undefined && found.statistics[name] !== null).map(
              ([name, words]) => (
                <div key={name}>
                  <dt>{words}</dt>
                  <dd>{statistic(found.statistics[name])}</dd>
                </div>
              ),
            )}
          {found?.outliers !== undefined && (
            <div>
              <dt title="Three standard deviations or more from the mean">Far from the mean</dt>
              <dd>
                {found.outliers > 0 ? (
                  <button
                    className="link"
                    onClick={() =>
                      void showRows(session, { filter: { type: "outliers", columns: [column], stdDev: 3 } })
                    }
                  >
                    show {counted(found.outliers, "row")}
                  </button>
                ) : (
                  "none"
                )}
              </dd>
            </div>
          )}
        </dl>
        {found && <Frequent session={session} column={column} found={found} rows={rows} />}
        {found && isText && <Words words={found.statistics.word_frequencies as [string, number][] | undefined} />}
      </div>
    </section>
  );
}

function Notices({ session, column, rows }: { session: Session; column: ColumnProfile; rows: number }) {
  const notices = noticesOf(column, rows);
  if (notices.length === 0) return null;
  return (
    <ul className="column-notices">
      {notices.map((notice) => (
        <li key={notice.words} className={notice.tone}>
          <span>{notice.words.charAt(0).toUpperCase() + notice.words.slice(1)}</span>
          {notice.way && (notice.way !== "missing" || column.statistics.invalid > 0) && (
            <button className="link" onClick={() => WAYS[notice.way!][1](session, column.name)}>
              {WAYS[notice.way][0]}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Dates have no chart of the server's; their histogram is drawn large. */
function Timeline({ about }: { about: ColumnProfile }) {
  const { counts, edges } = about.histogram!;
  const highest = Math.max(1, ...counts);
  return (
    <figure className="timeline" aria-label={`Chart of ${about.name}`}>
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        {counts.map((number, at) => (
          <rect
            key={at}
            x={(at * 100) / counts.length + 0.2}
            width={100 / counts.length - 0.4}
            y={100 - (100 * number) / highest}
            height={(100 * number) / highest}
          />
        ))}
      </svg>
      <figcaption>
        <span>{statistic(edges[0])}</span>
        <span>up to {counted(highest, "row")} a bar</span>
        <span>{statistic(edges.at(-1))}</span>
      </figcaption>
    </figure>
  );
}

function Frequent({ session, column, found, rows }: { session: Session; column: string; found: Found; rows: number }) {
  const { frequencies, unique_count: different } = found.statistics;
  if (frequencies.length === 0) return null;
  const most = frequencies[0]![1];
  const canShow = hasFacet(session, column);
  return (
    <section className="column-frequent">
      <h3>Most frequent</h3>
      <ol className="frequent">
        {frequencies.map(([value, number]) => (
          <li key={String(value)}>
            <button
              disabled={!canShow}
              title={canShow ? "Show these rows" : undefined}
              onClick={() => showValue(session, column, value as string)}
            >
              <i style={{ width: `${(100 * number) / most}%` }} aria-hidden="true" />
              <span>
                {value === ""
                  ? "empty text"
                  : typeof value === "string" && !isTime(session.state.meta?.columnInfo[column]?.dataType ?? "")
                    ? marked(value)
                    : statistic(value)}
              </span>
              <b title={share(number, rows)}>{count(number)}</b>
            </button>
          </li>
        ))}
      </ol>
      {different > frequencies.length && <p className="hint">and {count(different - frequencies.length)} more</p>}
    </section>
  );
}

function Words({ words }: { words?: [string, number][] }) {
  if (!words || words.length === 0) return null;
  return (
    <section className="column-words">
      <h3>Most frequent words</h3>
      <p>
        {words.slice(0, 40).map(([word, number]) => (
          <span key={word} className="badge">
            {word} {count(number)}
          </span>
        ))}
      </p>
    </section>
  );
}

function marked(text: string): string {
  const { before, middle, after } = visible(text);
  return before + middle + after;
}
