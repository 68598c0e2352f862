/** A result that is a table: to look at, to chart, to open as a dataset. */
import { lazy, Suspense, useMemo, useState } from "react";
import { upload } from "../api/rest";
import { count, counted } from "../parts/format";
import { Chart, TableIcon } from "../parts/icons";
import { theme } from "../parts/preferences";
import { RecordsTable } from "../parts/RecordsTable";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import { datasetAddress, navigate } from "../router";
import { chartOf, drawable, isCut, type Mark, markFor, type Records, ROW } from "./results";

const ChartView = lazy(() => import("../dataset/ChartView"));
const CHART_HEIGHT = 320;
const MARKS: [Mark, string][] = [
  ["line", "Line"],
  ["bar", "Bars"],
  ["point", "Points"],
];

export function ResultTable({ records, label, name }: { records: Records; label: string; name: string }) {
  const [isDrawn, setDrawn] = useState(false);
  const columns = useMemo(() => drawable(records), [records]);
  return (
    <div className="result-table">
      <div className="table-line">
        <span className="about">{counted(records.length, "row")}</span>
        <span className="spring" />
        {columns.upwards.length > 0 && (
          <button className="button" aria-pressed={isDrawn} onClick={() => setDrawn(!isDrawn)}>
            <Chart />
            {isDrawn ? "Hide the chart" : "Chart"}
          </button>
        )}
        <OpenAsTable records={records} name={name} />
      </div>
      {isDrawn && <QuickChart records={records} columns={columns} />}
      <RecordsTable records={records} label={label} />
    </div>
  );
}

/** Makes a dataset of records and goes there. */
export function OpenAsTable({ records, name }: { records: Records; name: string }) {
  const [sent, setSent] = useState<string>();
  const open = async () => {
    setSent("Sending …");
    try {
      const running = upload(new Blob([JSON.stringify(records)]), `${name}.json`, {}, (done, total) =>
        setSent(done < total ? `Sending ${Math.round((100 * done) / total)}%` : "Reading …"),
      );
      navigate(datasetAddress((await running.done).sessionID));
    } catch (error) {
      failed(error);
      setSent(undefined);
    }
  };
  return (
    <button className="button" disabled={sent !== undefined} onClick={() => void open()}>
      <TableIcon />
      {sent ?? "Open as a table"}
    </button>
  );
}

function QuickChart({ records, columns }: { records: Records; columns: ReturnType<typeof drawable> }) {
  // The first column that is not itself drawn: a name, a day, a number to draw along.
  const [across, setAcross] = useState(
    () =>
      columns.across.find((name) => name !== columns.upwards[0] && !columns.upwards.includes(name)) ??
      (columns.upwards.length > 1 ? columns.upwards[0]! : ROW),
  );
  const [upwards, setUpwards] = useState(() => columns.upwards.find((name) => name !== across) ?? columns.upwards[0]!);
  const [chosen, setMark] = useState<Mark>();
  const mark = chosen ?? markFor(records, across);
  const { theme: colours } = useStore(theme);
  const spec = useMemo(
    () =>
      chartOf(records, {
        across,
        upwards,
        mark,
        colour: getComputedStyle(document.documentElement).getPropertyValue("--accent").trim(),
      }),
    [records, across, upwards, mark, colours],
  );
  return (
    <div className="box chart-box">
      <form className="chart-line" aria-label="Chart" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Across</span>
          <select className="field" value={across} onChange={(event) => setAcross(event.target.value)}>
            <option value={ROW}>Row</option>
            {columns.across
              .filter((name) => name !== ROW)
              .map((name) => (
                <option key={name}>{name}</option>
              ))}
          </select>
        </label>
        <label>
          <span>Upwards</span>
          <select className="field" value={upwards} onChange={(event) => setUpwards(event.target.value)}>
            {columns.upwards.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          <span>As</span>
          <select className="field" value={mark} onChange={(event) => setMark(event.target.value as Mark)}>
            {MARKS.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </form>
      <Suspense fallback={<div style={{ minHeight: CHART_HEIGHT }} />}>
        <ChartView spec={spec} height={CHART_HEIGHT} label={`${upwards} across ${across === ROW ? "rows" : across}`} />
      </Suspense>
      {isCut(records) && (
        <p className="hint">The first 5,000 of {count(records.length)} rows; open it as a table to draw all of them.</p>
      )}
    </div>
  );
}
