/** The first page: bring a table, go on with one, or try one out. */
import { useEffect, useMemo, useRef, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import type { StoredArea } from "../api/files";
import { type DatasetSummary, listDatasets, listSamples, openSample, type Sample } from "../api/rest";
import { ago, bytes, count, exactTime } from "../parts/format";
import { Close, UploadIcon } from "../parts/icons";
import { Link } from "../parts/Link";
import { forget, recentIds } from "../parts/preferences";
import { useStore } from "../parts/store";
import { together } from "../parts/tar";
import { failed } from "../parts/toasts";
import { areaAddress, follow, navigate } from "../router";
import { Import } from "./Import";
import { ofFile, ofStored } from "./sources";

/** Rows copied from a spreadsheet are tabs and lines; anything else with lines is taken as it is. */
function pasted(text: string): File | undefined {
  if (text.trim() === "") return undefined;
  return new File([text], text.includes("\t") ? "pasted.tsv" : /^\s*[[{]/.test(text) ? "pasted.json" : "pasted.csv");
}

const STORED = ["offered", "partition", "path"] as const;

/** The page that shows a file on the server, to go back to. */
function placeOf(area: StoredArea, path: string): string {
  const shown: Record<string, string> =
    area === "path" ? { path } : area === "partition" ? { partition: path.slice(0, path.lastIndexOf("/")) } : {};
  return areaAddress("files", shown);
}

export function StartPage({ query }: { query: URLSearchParams }) {
  const area = STORED.find((each) => each === query.get("open"));
  const path = query.get("path") ?? "";
  const stored = useMemo(() => (area && path ? ofStored(area, path) : undefined), [area, path]);
  const [file, setFile] = useState<File>();
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const depth = useRef(0);

  useEffect(() => {
    document.title = "Longshore";
  }, []);
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth.current += event.type === "dragenter" ? 1 : event.type === "dragleave" ? -1 : 0;
      setOver(depth.current > 0);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      const dropped = together([...(event.dataTransfer?.files ?? [])]);
      if (dropped) setFile(dropped);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
      const found =
        together([...(event.clipboardData?.files ?? [])]) ?? pasted(event.clipboardData?.getData("text/plain") ?? "");
      if (found) setFile(found);
    };
    for (const name of ["dragenter", "dragover", "dragleave"] as const) addEventListener(name, onDrag);
    addEventListener("drop", onDrop);
    addEventListener("paste", onPaste);
    return () => {
      for (const name of ["dragenter", "dragover", "dragleave"] as const) removeEventListener(name, onDrag);
      removeEventListener("drop", onDrop);
      removeEventListener("paste", onPaste);
    };
  }, []);

  const dropped = useMemo(() => file && ofFile(file), [file]);
  if (dropped && file)
    return (
      <Import
        key={`${file.name} ${file.size} ${file.lastModified}`}
        source={dropped}
        cancel={() => setFile(undefined)}
      />
    );
  if (stored && area)
    return <Import key={`${area} ${path}`} source={stored} cancel={() => navigate(placeOf(area, path))} />;
  return (
    <main className="start">
      <h1>Bring a table</h1>
      <button className={isOver ? "drop over" : "drop"} onClick={() => input.current?.click()}>
        <UploadIcon />
        <strong>{isOver ? "Let go to open it" : "Drop a file anywhere, or several, or choose them"}</strong>
        <span>
          CSV, TSV, JSON, Excel, ODS, Parquet, Arrow, Avro, SQLite, SPSS, Stata, SAS, XML or a web page with tables,
          also packed: zip, tar, gzip, bzip2, xz or Zstandard
        </span>
        <span>
          or paste rows copied from a spreadsheet with <kbd>Ctrl</kbd> <kbd>V</kbd>
        </span>
      </button>
      <p className="about">
        Is the file on the server already? <Link href={areaAddress("files")}>Open it from there</Link>; nothing is sent
        twice.
      </p>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="A file with a table"
        multiple
        onChange={(event) => setFile(together([...(event.target.files ?? [])]))}
      />
      <Recent />
      <Samples />
    </main>
  );
}

function Recent() {
  const [datasets, setDatasets] = useState<DatasetSummary[]>();
  useEffect(() => {
    listDatasets(recentIds()).then(setDatasets, (error: unknown) => {
      setDatasets([]);
      failed(error);
    });
  }, []);
  if (recentIds().length === 0 || datasets?.length === 0) return null;
  return (
    <section>
      <h2>Go on with</h2>
      <ul className="cards">
        {(
          datasets ??
          recentIds()
            .slice(0, 3)
            .map(() => undefined)
        ).map((dataset, at) =>
          dataset ? (
            <li key={dataset.sessionID} className="card">
              <a href={`/${dataset.sessionID}`} onClick={(event) => follow(event, `/${dataset.sessionID}`)}>
                <strong>{dataset.name}</strong>
                <span>
                  {dataset.rows === undefined || dataset.rows === null
                    ? "being read"
                    : `${count(dataset.rows)} × ${count(dataset.columns ?? 0)}`}{" "}
                  · {bytes(dataset.sourceBytes)} ·{" "}
                  <time title={exactTime(dataset.created)}>{ago(dataset.created)}</time>
                </span>
              </a>
              <button
                className="icon small"
                aria-label={`Take ${dataset.name} off this list`}
                title="Take it off this list; the dataset stays"
                onClick={() => {
                  forget(dataset.sessionID);
                  setDatasets(datasets?.filter((each) => each !== dataset));
                }}
              >
                <Close />
              </button>
            </li>
          ) : (
            <li key={at} className="card skeleton" aria-hidden />
          ),
        )}
      </ul>
    </section>
  );
}

function Samples() {
  const [samples, setSamples] = useState<Sample[]>();
  const [opening, setOpening] = useState<string>();
  const refused = whyReadOnly(useStore(account).me);
  useEffect(() => {
    listSamples().then(setSamples, failed);
  }, []);
  const open = (name: string) => {
    setOpening(name);
    openSample(name).then(
      (made) => navigate(`/${made.sessionID}`),
      (error: unknown) => {
        setOpening(undefined);
        failed(error);
      },
    );
  };
  return (
    <section>
      <h2>Try it on a sample</h2>
      <ul className="cards">
        {(samples ?? [undefined, undefined, undefined]).map((sample, at) =>
          sample ? (
            <li key={sample.name} className="card">
              <button disabled={opening !== undefined || !!refused} title={refused} onClick={() => open(sample.name)}>
                <strong>{opening === sample.name ? "Opening …" : sample.title}</strong>
                <span>{sample.about}</span>
              </button>
            </li>
          ) : (
            <li key={at} className="card skeleton" aria-hidden />
          ),
        )}
      </ul>
    </section>
  );
}
