/** How to read a file, with its first rows as they would be read, before anything is imported. */

import { useEffect, useRef, useState } from "react";
import { io, type Socket } from "socket.io-client";
import { account, whyReadOnly } from "../api/account";
import type { Look } from "../api/look";
import { ApiError } from "../api/rest";
import type { Heard } from "../api/socket";
import { bytes, count, counted, typeName } from "../parts/format";
import { Back } from "../parts/icons";
import { shown } from "../parts/records";
import { useStore } from "../parts/store";
import { navigate } from "../router";
import type { Source } from "./sources";

interface Options {
  headerIncluded: string;
  initialSkip: string;
  delimiter: string;
  encoding: string;
  sheet: string;
  sampleSize: string;
  seed: string;
  structure: string;
  types: string;
  decimal: string;
  dateOrder: string;
  footer: string;
  append: string;
}
type Chosen = "delimiter" | "encoding" | "headerIncluded" | "decimal" | "dateOrder";
const PLAIN: Options = {
  headerIncluded: "",
  initialSkip: "",
  delimiter: "",
  encoding: "",
  sheet: "",
  sampleSize: "",
  seed: "",
  structure: "",
  types: "",
  decimal: "",
  dateOrder: "",
  footer: "",
  append: "",
};
const DECIMALS = [
  ["", "found by itself"],
  ["point", "a point, as in 1,234.5"],
  ["comma", "a comma, as in 1.234,5"],
];
const ORDERS = [
  ["", "found by itself"],
  ["dayFirst", "the day, as in 31/12/2020"],
  ["monthFirst", "the month, as in 12/31/2020"],
];
const HEADERS = [
  ["", "found by itself"],
  ["true", "the first line has them"],
  ["false", "there are none"],
];
const DELIMITERS = [
  ["", "found by itself"],
  [",", "comma"],
  [";", "semicolon"],
  ["\t", "tab"],
  ["|", "bar"],
  [" ", "space"],
];
const ENCODINGS = [
  ["", "found by itself"],
  ["utf-8", "UTF-8"],
  ["utf-16", "UTF-16"],
  ["cp1252", "Western (Windows-1252)"],
  ["iso-8859-1", "Western (Latin-1)"],
  ["shift_jis", "Japanese (Shift-JIS)"],
  ["gb18030", "Chinese (GB18030)"],
  ["cp1251", "Cyrillic (Windows-1251)"],
];
const named = (choices: string[][], value: string) => choices.find(([each]) => each === value)?.[1] ?? value;

/** What is known of the file with the options as they are. */
interface Found {
  header: string[];
  types?: string[];
  rows: string[][];
  size?: { rows: number; columns: number };
  delimiter?: string;
  encoding?: string;
  sheets?: string[];
  /** The one that was read; none where all were put below each other. */
  sheet?: string;
  /** What the server did about this file, in its own sentences. */
  told: string[];
}
const PAUSE_MILLISECONDS = 300;

/** The options that were set, as the server takes them. */
const written = (options: Options) =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === "" ? [] : [[name, value === "\t" ? "tab" : value]])),
  );

const textual = (value: unknown) => (typeof value === "string" ? value : undefined);

interface Candidate {
  type: string;
  fits: number;
  of: number;
  first?: { row: number; value: string };
  words?: string[];
}
const KINDS: Record<string, string> = {
  float: "numbers",
  date: "dates",
  datetime: "dates with times",
  zoned: "dates with times",
  time: "times",
};

/** Columns that stay text for a few of their values, and what these are. */
function nearlyTyped(candidates: unknown): string[] {
  if (!candidates) return [];
  return Object.entries(candidates as Record<string, Candidate[]>).flatMap(([name, all]) =>
    all.flatMap(({ type, fits, of, first, words }) => {
      if (words) return [`“${name}” says ${words.join(" and ")}: it stays text, and can be made yes or no later.`];
      if (!first) return [];
      const other = `the first other is “${first.value}” in row ${count(first.row + 1)}`;
      return [
        `“${name}” stays text though ${count(fits)} of its ${counted(of, "value")} may be ${KINDS[type]}; ${other}.`,
      ];
    }),
  );
}

const foundBy = (look: Look): Found => ({
  header: look.columns.map((column) => column.name),
  types: look.columns.map((column) => typeName(column.dataType)),
  rows: look.rows.map((row) => row.map((value) => (value === null || value === undefined ? "" : shown(value)))),
  size: look.dataSize ?? undefined,
  delimiter: textual(look.reading.delimiter),
  encoding: textual(look.reading.encoding),
  sheets: look.sheets,
  sheet: textual(look.reading.member) ?? textual(look.reading.table) ?? textual(look.reading.sheet),
  told: [...look.warnings.map((warning) => warning.message), ...nearlyTyped(look.reading.candidates)],
});

interface Looked {
  found?: Found;
  problem?: string;
  isTooLarge?: boolean;
}

/** What the server says of the file with the options as they are. */
function useFound(source: Source, options: Options): Looked & { isLooking: boolean } {
  const [looked, setLooked] = useState<Looked>({ isTooLarge: !source.look });
  const [isLooking, setLooking] = useState(false);
  const asked = JSON.stringify({ ...written(options), sampleSize: "", seed: "" });

  useEffect(() => {
    if (!source.look) return;
    const { look } = source;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      setLooking(true);
      const { sampleSize: _size, seed: _seed, ...reading } = written(options);
      look(reading, abort.signal).then(
        (found) => {
          setLooked({ found: foundBy(found) });
          setLooking(false);
        },
        (error: Error) => {
          if (abort.signal.aborted) return;
          const isTooLarge = error instanceof ApiError && error.code === "TooLarge";
          setLooked((before) => (isTooLarge ? { isTooLarge } : { ...before, problem: error.message }));
          setLooking(false);
        },
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [source, asked]);

  return { ...looked, isLooking };
}

interface Progress {
  phase: "sending" | "reading";
  done: number;
  total: number;
  rows?: number;
}

export function Import({ source, cancel }: { source: Source; cancel: () => void }) {
  const { name, kind, size } = source;
  const refused = whyReadOnly(useStore(account).me);
  const [options, setOptions] = useState(PLAIN);
  const [progress, setProgress] = useState<Progress>();
  const [problem, setProblem] = useState<string>();
  const sending = useRef<{ cancel?: () => void }>(undefined);
  const submit = useRef<HTMLButtonElement>(null);
  const { found, problem: unreadable, isTooLarge, isLooking } = useFound(source, options);

  useEffect(() => {
    document.title = `${name} · Longshore`;
    submit.current?.focus();
  }, [name]);

  const send = async () => {
    setProblem(undefined);
    const sent: Record<string, string> = written(options);
    setProgress({ phase: size === undefined ? "reading" : "sending", done: 0, total: size ?? 0 });
    const socket: Socket<Heard> = io({ transports: ["websocket", "polling"], tryAllTransports: true });
    socket.on("progress", (news) =>
      setProgress({ phase: "reading", done: news.bytes ?? 0, total: news.totalBytes ?? size ?? 0, rows: news.rows }),
    );
    try {
      // Without the socket the import works all the same; it only tells less.
      await Promise.race([
        new Promise((resolve) => socket.on("connect", () => resolve(true))),
        new Promise((resolve) => setTimeout(resolve, 1500)),
      ]);
      if (socket.id) sent.socketID = socket.id;
      const running = source.open(sent, (done, total) =>
        setProgress(done < total ? { phase: "sending", done, total } : { phase: "reading", done: 0, total }),
      );
      sending.current = running;
      const made = await running.done;
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
        <h1>{name}</h1>
        {size !== undefined && <span className="size">{bytes(size)}</span>}
      </div>
      <form
        className="import-body"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div className="options">
          {!!found?.told.length && <Told sentences={found.told} />}
          <OptionFields
            kind={kind}
            options={options}
            change={(part) => setOptions({ ...options, ...part })}
            found={found}
          />
          {(problem ?? unreadable) && (
            <p className="problem" role="alert">
              {problem ?? unreadable}
            </p>
          )}
          {progress ? (
            <Running progress={progress} cancel={() => sending.current?.cancel?.()} />
          ) : (
            <>
              {refused && <p className="hint">{refused}</p>}
              <button ref={submit} type="submit" className="button primary large" disabled={!!refused}>
                Open the table
              </button>
            </>
          )}
        </div>
        <Rows
          found={found}
          isTooLarge={isTooLarge ?? false}
          isUnreadable={unreadable !== undefined}
          isLooking={isLooking}
        />
      </form>
    </main>
  );
}

function Running({ progress, cancel }: { progress: Progress; cancel: () => void }) {
  const { phase, done, total, rows } = progress;
  const words =
    phase === "sending"
      ? `Sending: ${bytes(done)} of ${bytes(total)}`
      : rows
        ? `Reading: ${counted(rows, "row")} so far`
        : "Reading the file";
  return (
    <div className="running" role="status">
      <progress
        max={Math.max(1, total)}
        value={phase === "reading" && done === 0 ? undefined : done}
        aria-label={words}
      />
      <span>{words}</span>
      {phase === "sending" && (
        <button type="button" className="button" onClick={cancel}>
          Cancel
        </button>
      )}
    </div>
  );
}

function OptionFields({
  kind,
  options,
  change,
  found,
}: {
  kind: string;
  options: Options;
  change: (part: Partial<Options>) => void;
  found?: Found;
}) {
  const text = (name: keyof Options, label: string, hint?: string) => (
    <label className="form-row">
      <span>{label}</span>
      <input
        className="field"
        type="text"
        inputMode="numeric"
        value={String(options[name])}
        onChange={(event) => change({ [name]: event.target.value })}
      />
      {hint && <small className="hint">{hint}</small>}
    </label>
  );
  const choice = (name: Chosen, label: string, choices: string[][]) => (
    <label className="form-row">
      <span>{label}</span>
      <select className="field" value={options[name]} onChange={(event) => change({ [name]: event.target.value })}>
        {choices.map(([value, words]) => (
          <option key={value} value={value}>
            {value === "" && (name === "delimiter" || name === "encoding") && found?.[name]
              ? `${named(choices, found[name])}, ${words}`
              : words}
          </option>
        ))}
      </select>
    </label>
  );
  const isTable = kind === "delimited" || kind === "sheet" || kind === "other";
  return (
    <>
      {isTable && choice("headerIncluded", "Names of the columns", HEADERS)}
      {isTable && text("initialSkip", kind === "sheet" ? "Rows to skip above them" : "Lines to skip above them")}
      {(kind === "delimited" || kind === "other") && choice("delimiter", "Between two values", DELIMITERS)}
      {kind !== "sheet" && choice("encoding", "Letters are written in", ENCODINGS)}
      {isTable && choice("decimal", "Before the decimals of numbers stands", DECIMALS)}
      {isTable && choice("dateOrder", "In dates comes first", ORDERS)}
      {(found?.sheets?.length ?? 0) > 0 ? (
        <SheetChoice
          label={kind === "sheet" ? "Sheet" : "Table"}
          sheets={found?.sheets ?? []}
          value={options.sheet || (found?.sheet ?? "")}
          choose={(sheet) => change({ sheet })}
        />
      ) : (
        kind === "sheet" && text("sheet", "Sheet", "Its name; the first one by default")
      )}
      {kind === "other" && (found?.sheets?.length ?? 0) > 1 && (
        <label className="check">
          <input
            type="checkbox"
            checked={options.append === "all"}
            onChange={(event) => change({ append: event.target.checked ? "all" : "", sheet: "" })}
          />
          Put all of them below each other, also where their columns differ
        </label>
      )}
      <label className="check">
        <input
          type="checkbox"
          checked={options.types === "text"}
          onChange={(event) => change({ types: event.target.checked ? "text" : "" })}
        />
        Keep every value as text
      </label>
      {isTable && (
        <label className="check">
          <input
            type="checkbox"
            checked={options.structure !== ""}
            onChange={(event) => change({ structure: event.target.checked ? "asItStands" : "" })}
          />
          Take it as it stands, with what is above and below the table
        </label>
      )}
      {isTable && (
        <label className="check">
          <input
            type="checkbox"
            checked={options.footer !== ""}
            onChange={(event) => change({ footer: event.target.checked ? "leaveOut" : "" })}
          />
          Leave out totals and notes at the end
        </label>
      )}
      {text("sampleSize", "Only a part of the rows", "Per cent of the rows, chosen by chance; all by default")}
      {options.sampleSize !== "" && text("seed", "Seed", "The same number gives the same rows again")}
    </>
  );
}

/** What was decided, so that nobody has to guess why the rows look so. */
function Told({ sentences }: { sentences: string[] }) {
  return (
    <section className="told" aria-label="What was found">
      <h2>What was found</h2>
      <ul>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence.charAt(0).toUpperCase() + sentence.slice(1)}</li>
        ))}
      </ul>
    </section>
  );
}

interface SheetChoiceProps {
  label: string;
  sheets: string[];
  /** None for all of them, below each other. */
  value: string;
  choose: (sheet: string) => void;
}

function SheetChoice({ label, sheets, value, choose }: SheetChoiceProps) {
  return (
    <label className="form-row">
      <span>{label}</span>
      <select
        className="field"
        value={value}
        onChange={(event) => choose(event.target.value)}
        disabled={sheets.length === 1}
      >
        {value === "" && <option value="">All, one below the other</option>}
        {sheets.map((sheet) => (
          <option key={sheet}>{sheet}</option>
        ))}
      </select>
    </label>
  );
}

/** How many of the rows are seen; of a large file's beginning nobody knows of how many. */
function ofAll({ rows, size }: Found): string {
  if (!size) return `The first ${counted(rows.length, "row")}`;
  return rows.length < size.rows
    ? `The first ${count(rows.length)} of ${counted(size.rows, "row")}`
    : counted(size.rows, "row");
}

function Rows({
  found,
  isTooLarge,
  isUnreadable,
  isLooking,
}: {
  found?: Found;
  isTooLarge: boolean;
  isUnreadable: boolean;
  isLooking: boolean;
}) {
  if (isTooLarge)
    return (
      <p className="no-preview">
        This file is too large to be looked at before it is opened; its rows are shown then. Nothing is lost: you can
        come back and open it with other options.
      </p>
    );
  if (!found && isUnreadable) return <p className="no-preview">With these options there is nothing to show.</p>;
  if (!found) return <div className="preview skeleton" role="status" aria-label="Looking at the file" />;
  if (found.rows.length === 0) return <p className="no-preview">There are no rows to show with these options.</p>;
  const names = found.header.slice(0, 40);
  return (
    <div
      className={isLooking ? "preview looking" : "preview"}
      tabIndex={0}
      role="region"
      aria-label="The first rows"
      aria-busy={isLooking}
    >
      <table>
        <caption className="sr-only">The first {count(found.rows.length)} rows as they would be read</caption>
        <thead>
          <tr>
            {names.map((name, at) => (
              <th key={at} scope="col">
                {name}
                {found.types && <small>{found.types[at]}</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.rows.map((row, at) => (
            <tr key={at}>
              {names.map((_, index) => (
                <td key={index}>{row[index] ? row[index].slice(0, 80) : <span className="missing">•</span>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {found.types && (
        <p className="of-all">
          {ofAll(found)}, {counted(found.size?.columns ?? found.header.length, "column")}
        </p>
      )}
    </div>
  );
}
