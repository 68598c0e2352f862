/** The chart builder. */
import { useEffect, useMemo, useState } from "react";
import { isNumeric, isTime } from "../parts/format";
import { saveFile } from "../parts/save";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import ChartView from "./ChartView";
import type { Session } from "./session";
import { draw, plainSpec, type Spec } from "./vega";

type Kind = "histogram" | "frequency" | "scatter" | "line" | "date" | "box" | "correlation";
const KINDS: [Kind, string][] = [
  ["histogram", "Distribution"],
  ["frequency", "Most frequent"],
  ["scatter", "Scatter"],
  ["line", "Line"],
  ["date", "Over time"],
  ["box", "Box plot"],
  ["correlation", "Correlation"],
];

export default function ChartsPage({ session }: { session: Session }) {
  const { meta, columns: selected } = useStore(session.store);
  const names = useMemo(() => meta?.columns ?? [], [meta]);
  const numbers = useMemo(
    () => names.filter((name) => isNumeric(meta?.columnInfo[name]?.dataType ?? "")),
    [names, meta],
  );
  const dates = useMemo(() => names.filter((name) => isTime(meta?.columnInfo[name]?.dataType ?? "")), [names, meta]);
  const start = selected.filter((name) => numbers.includes(name));
  const [kind, setKind] = useState<Kind>(numbers.length > 0 ? "histogram" : "frequency");
  const [series, setSeries] = useState<string[]>(start.length > 0 ? start : numbers.slice(0, 1));
  const [across, setAcross] = useState(selected[0] ?? names[0] ?? "");
  const [bins, setBins] = useState(20);
  const [spec, setSpec] = useState<Spec>();
  const [problem, setProblem] = useState<string>();
  const version = meta?.version;

  const horizontal = kind === "date" ? dates : kind === "frequency" ? names : numbers;
  const x = horizontal.includes(across) ? across : (horizontal[0] ?? "");
  const takesSeries = kind !== "frequency";
  const takesX = ["frequency", "scatter", "line", "date"].includes(kind);
  const y = useMemo(
    () => series.filter((name) => numbers.includes(name) && !(takesX && name === x)),
    [series, numbers, takesX, x],
  );
  const lacks =
    takesX && x === ""
      ? kind === "date"
        ? "This chart needs a column of dates. “Read as dates” makes one of text."
        : "This chart needs a column of numbers."
      : takesSeries && y.length === 0
        ? "Choose at least one column of numbers."
        : undefined;

  const settings = useMemo(() => {
    const index = (name: string) => names.indexOf(name);
    if (kind === "frequency") return { type: kind, columnIndex: index(x), cutoff: 20 };
    if (takesX) return { type: kind, xColumnIndex: index(x), yColumnIndices: y.map(index) };
    return { type: kind, columnIndices: y.map(index), ...(kind === "histogram" ? { numberOfBins: bins } : {}) };
  }, [kind, x, y, bins, names, takesX]);
  const key = JSON.stringify(settings);

  useEffect(() => {
    if (lacks) {
      setSpec(undefined);
      setProblem(undefined);
      return;
    }
    let isCurrent = true;
    session
      .busyWith("Drawing", () => session.wire.ask("visualize", { ...settings, format: "vega-lite" }))
      .then(
        (answer) => {
          if (!isCurrent) return;
          setProblem(undefined);
          setSpec(answer.spec as Spec);
        },
        (error: Error) => isCurrent && setProblem(error.message),
      );
    return () => {
      isCurrent = false;
    };
  }, [session, key, version, lacks]);

  const title = `${session.state.name.replace(/\.[^.]*$/, "")}-${kind}`;
  const picture = async (type: "png" | "svg", spec: Spec) => {
    // Drawn apart, in the colours of a page: a picture taken of a dark window would not show on paper.
    const { view, finalize } = await draw(document.createElement("div"), plainSpec(spec));
    try {
      if (type === "svg") return saveFile(await view.toSVG(), `${title}.svg`, "image/svg+xml");
      const canvas = await view.toCanvas(2);
      canvas.toBlob((blob) => blob && saveFile(blob, `${title}.png`, "image/png"));
    } finally {
      finalize();
    }
  };

  return (
    <div className="charts">
      <form className="chart-form" aria-label="Chart" onSubmit={(event) => event.preventDefault()}>
        <fieldset className="kinds">
          <legend>Chart</legend>
          {KINDS.map(([name, words]) => (
            <label key={name} className={kind === name ? "kind on" : "kind"}>
              <input type="radio" name="kind" checked={kind === name} onChange={() => setKind(name)} />
              {words}
            </label>
          ))}
        </fieldset>
        {takesX && (
          <label className="form-row">
            <span>{kind === "frequency" ? "Column" : "Across"}</span>
            <select className="field" value={x} onChange={(event) => setAcross(event.target.value)}>
              {horizontal.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {takesSeries && (
          <fieldset className="series">
            <legend>{takesX ? "Upwards" : "Columns"}</legend>
            {numbers.map((name) => (
              <label key={name} className="check">
                <input
                  type="checkbox"
                  disabled={takesX && name === x}
                  checked={y.includes(name)}
                  onChange={(event) =>
                    setSeries(event.target.checked ? [...series, name] : series.filter((each) => each !== name))
                  }
                />
                {name}
              </label>
            ))}
          </fieldset>
        )}
        {kind === "histogram" && (
          <label className="form-row">
            <span>Bars: {bins}</span>
            <input
              type="range"
              min={2}
              max={60}
              value={bins}
              onChange={(event) => setBins(Number(event.target.value))}
            />
          </label>
        )}
      </form>
      <section className="canvas" aria-label="The chart">
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        {lacks && <p className="about">{lacks}</p>}
        {spec && !lacks && (
          <ChartView
            spec={spec}
            height={360}
            fills
            label={`${KINDS.find(([name]) => name === kind)?.[1]} of ${takesSeries ? y.join(", ") : x}`}
          />
        )}
        {spec && !lacks && (
          <div className="button-line">
            <button className="button" onClick={() => void picture("png", spec).catch(failed)}>
              PNG
            </button>
            <button className="button" onClick={() => void picture("svg", spec).catch(failed)}>
              SVG
            </button>
            <button
              className="button"
              onClick={() => saveFile(JSON.stringify(plainSpec(spec), null, 2), `${title}.vl.json`, "application/json")}
            >
              Vega-Lite spec
            </button>
          </div>
        )}
      </section>
    </div>
  );
}
