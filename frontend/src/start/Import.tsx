/** How to read a file, with its first rows as they would be read, before anything is sent. */
import { io } from "socket.io-client";
import { useEffect, useMemo, useRef, useState } from "react";
import { upload } from "../api/rest";
import { Back } from "../parts/icons";
import { toast } from "../parts/toasts";
import { bytes, count, counted } from "../logic/format";
import { SNIFFED_BYTES, decode, kindOf, sniff, sniffJson } from "../logic/sniff";
import { navigate } from "../router";

interface Options {
  headerIncluded: boolean;
  initialSkip: string;
  delimiter: string;
  encoding: string;
  sheet: string;
  sampleSize: string;
  seed: string;
}
const PLAIN: Options = { headerIncluded: true, initialSkip: "", delimiter: "", encoding: "", sheet: "", sampleSize: "", seed: "" };
const DELIMITERS = [["", "found by itself"], [",", "comma"], [";", "semicolon"], ["\t", "tab"], ["|", "bar"], [" ", "space"]];
const ENCODINGS = [["", "found by itself"], ["utf-8", "UTF-8"], ["utf-16", "UTF-16"], ["cp1252", "Western (Windows-1252)"], ["iso-8859-1", "Western (Latin-1)"], ["shift_jis", "Japanese (Shift-JIS)"], ["gb18030", "Chinese (GB18030)"], ["cp1251", "Cyrillic (Windows-1251)"]];
const named = (choices: string[][], value: string) => choices.find(([each]) => each === value)?.[1] ?? value;

interface Progress {
  phase: "sending" | "reading";
  done: number;
  total: number;
  rows?: number;
}

export function Import({ file, cancel }: { file: File; cancel: () => void }) {
  const kind = kindOf(file.name);
  const [head, setHead] = useState<Uint8Array>();
  const [options, setOptions] = useState(PLAIN);
  const [progress, setProgress] = useState<Progress>();
  const [problem, setProblem] = useState<string>();
  const sending = useRef<{ cancel: () => void }>(undefined);
  const submit = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    document.title = `${file.name} · Longshore`;
    submit.current?.focus();
    if (kind === "delimited" || kind === "json") file.slice(0, SNIFFED_BYTES).arrayBuffer().then((data) => setHead(new Uint8Array(data)), () => setProblem("The file cannot be read. Choose it again."));
  }, [file, kind]);

  const preview = useMemo(() => {
    if (!head) return undefined;
    if (kind === "json") return { ...sniffJson(decode(head).text), delimiter: "", encoding: "utf-8" };
    try {
      return sniff(head, { delimiter: options.delimiter || undefined, encoding: options.encoding || undefined, initialSkip: Number(options.initialSkip) || 0, headerIncluded: options.headerIncluded });
    } catch {
      return undefined; // an encoding that browsers do not know; the server may
    }
  }, [head, kind, options]);

  const send = async () => {
    setProblem(undefined);
    const sent: Record<string, string> = {};
    for (const [name, value] of Object.entries(options)) if (value !== "" && value !== true) sent[name] = value === "\t" ? "tab" : String(value);
    setProgress({ phase: "sending", done: 0, total: file.size });
    const socket = io({ transports: ["websocket", "polling"], tryAllTransports: true });
    socket.on("progress", (news: { bytes?: number; totalBytes?: number; rows?: number }) => setProgress({ phase: "reading", done: news.bytes ?? 0, total: news.totalBytes ?? file.size, rows: news.rows }));
    try {
      // Without the socket the import works all the same; it only tells less.
      await Promise.race([new Promise((resolve) => socket.on("connect", () => resolve(true))), new Promise((resolve) => setTimeout(resolve, 1500))]);
      if (socket.id) sent.socketID = socket.id;
      const running = upload(file, file.name, sent, (done, total) => setProgress(done < total ? { phase: "sending", done, total } : { phase: "reading", done: 0, total }));
      sending.current = running;
      const made = await running.done;
      for (const warning of made.warnings ?? []) toast(warning.message, { tone: "news" });
      navigate(`/${made.sessionID}`);
    } catch (error) {
      setProgress(undefined);
      if ((error as { code?: string }).code !== "Cancelled") setProblem((error as Error).message);
    } finally {
      socket.close();
    }
  };

  return (
    <main className="import">
      <div className="import-head">
        <button className="icon" aria-label="Choose another file" onClick={cancel}>
          <Back />
        </button>
        <h1>{file.name}</h1>
        <span className="size">{bytes(file.size)}</span>
      </div>
      <form
        className="import-body"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div className="options">
          <OptionFields kind={kind} options={options} change={(part) => setOptions({ ...options, ...part })} found={preview} />
          {problem && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          {progress ? (
            <Running progress={progress} cancel={() => sending.current?.cancel()} />
          ) : (
            <button ref={submit} type="submit" className="button primary large">
              Open the table
            </button>
          )}
        </div>
        <Rows kind={kind} preview={preview} />
      </form>
    </main>
  );
}

function Running({ progress, cancel }: { progress: Progress; cancel: () => void }) {
  const { phase, done, total, rows } = progress;
  const words = phase === "sending" ? `Sending: ${bytes(done)} of ${bytes(total)}` : rows ? `Reading: ${counted(rows, "row")} so far` : "Reading the file";
  return (
    <div className="running" role="status">
      <progress max={Math.max(1, total)} value={phase === "reading" && done === 0 ? undefined : done} aria-label={words} />
      <span>{words}</span>
      {phase === "sending" && (
        <button type="button" className="button" onClick={cancel}>
          Cancel
        </button>
      )}
    </div>
  );
}

function OptionFields({ kind, options, change, found }: { kind: string; options: Options; change: (part: Partial<Options>) => void; found?: { delimiter: string; encoding: string } }) {
  const text = (name: keyof Options, label: string, hint?: string) => (
    <label className="form-row">
      <span>{label}</span>
      <input className="field" type="text" inputMode="numeric" value={String(options[name])} onChange={(event) => change({ [name]: event.target.value })} />
      {hint && <small className="hint">{hint}</small>}
    </label>
  );
  const choice = (name: "delimiter" | "encoding", label: string, choices: string[][]) => (
    <label className="form-row">
      <span>{label}</span>
      <select className="field" value={options[name]} onChange={(event) => change({ [name]: event.target.value })}>
        {choices.map(([value, words]) => (
          <option key={value} value={value}>
            {value === "" && found?.[name] ? `${named(choices, found[name])}, ${words}` : words}
          </option>
        ))}
      </select>
    </label>
  );
  const isTable = kind === "delimited" || kind === "sheet" || kind === "other";
  return (
    <>
      {isTable && (
        <label className="check">
          <input type="checkbox" checked={options.headerIncluded} onChange={(event) => change({ headerIncluded: event.target.checked })} />
          The first line has the columns’ names
        </label>
      )}
      {isTable && text("initialSkip", "Lines to skip before it")}
      {(kind === "delimited" || kind === "other") && choice("delimiter", "Between two values", DELIMITERS)}
      {kind !== "sheet" && choice("encoding", "Letters are written in", ENCODINGS)}
      {kind === "sheet" && text("sheet", "Sheet", "Its name, or its number from 0; the first one by default")}
      {text("sampleSize", "Only a part of the rows", "Per cent of the rows, chosen by chance; all by default")}
      {options.sampleSize !== "" && text("seed", "Seed", "The same number gives the same rows again")}
    </>
  );
}

function Rows({ kind, preview }: { kind: string; preview?: { header: string[]; rows: string[][] } }) {
  if (kind === "sheet" || kind === "other")
    return <p className="no-preview">{kind === "sheet" ? "The rows of a spreadsheet are shown once it is open. Nothing is lost: you can come back and open it with other options." : "This kind of file is read by the server; its rows are shown once it is open."}</p>;
  if (!preview) return <div className="preview skeleton" aria-hidden />;
  if (preview.rows.length === 0) return <p className="no-preview">There are no rows to show with these options.</p>;
  const shown = preview.header.slice(0, 40);
  return (
    <div className="preview" tabIndex={0} role="region" aria-label="The first rows">
      <table>
        <caption className="sr-only">The first {count(preview.rows.length)} rows as they would be read</caption>
        <thead>
          <tr>
            {shown.map((name, at) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, at) => (
            <tr key={at}>
              {shown.map((_, index) => (
                <td key={index}>{row[index] ? row[index].slice(0, 80) : <span className="missing">•</span>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
