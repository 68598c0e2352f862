/** A facet of numbers or dates: a histogram with two handles, two fields, and what becomes of missing ones. */
import { useEffect, useRef, useState } from "react";
import { count, isoDay } from "../../parts/format";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import type { RangeFacet } from "./conditions";
import { useCounts } from "./counts";
import { choose } from "./facets";
import { boundAt, readBound, stopOf } from "./ranges";

type Bound = number | string | undefined;
const PAUSE = 180;
const HEIGHT = 56;

export function RangeChoice({ session, facet }: { session: Session; facet: RangeFacet }) {
  const { profile, meta } = useStore(session.store);
  const found = useCounts(session, facet);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [draft, setDraft] = useState(facet);
  useEffect(() => setDraft(facet), [facet]);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!found)
    return (
      <div className="facet-skeleton">
        <span className="skeleton tall" />
      </div>
    );
  if (!found.about) return <p className="problem facet-note">{found.problem}</p>;
  const histogram = found.about.histogram;
  const dataType = meta?.columnInfo[facet.column]?.dataType ?? "";
  const { invalid } = found.about.statistics;
  const set = (change: Partial<RangeFacet>, pause = PAUSE) => {
    const next: RangeFacet = { ...draft, ...change };
    // Whoever looks for a stretch of values rarely means the missing ones.
    if (draft.low === undefined && draft.high === undefined && draft.missing === "with" && change.missing === undefined)
      next.missing = "without";
    if (
      next.low === undefined &&
      next.high === undefined &&
      change.missing === undefined &&
      draft.missing === "without"
    )
      next.missing = "with";
    setDraft(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void choose(session, next), pause);
  };
  return (
    <div className="facet-range">
      {histogram ? (
        <>
          <Bars
            edges={histogram.edges}
            counts={histogram.counts}
            all={profile?.get(facet.column)?.histogram?.counts}
            draft={draft}
          />
          <Handles column={facet.column} edges={histogram.edges} draft={draft} dataType={dataType} set={set} />
          <div className="facet-ends">
            <End
              label="From"
              facet={draft}
              value={draft.low}
              open={histogram.edges[0]!}
              set={(low) => set({ low }, 0)}
            />
            <End
              label="To"
              facet={draft}
              value={draft.high}
              open={histogram.edges.at(-1)!}
              set={(high) => set({ high }, 0)}
            />
          </div>
        </>
      ) : (
        <p className="hint">No row that the other facets leave has a value here.</p>
      )}
      {(invalid > 0 || draft.missing !== "with") && (
        <div className="facet-missing">
          <label className="check">
            <input
              type="checkbox"
              checked={draft.missing !== "without"}
              onChange={(event) => set({ missing: event.target.checked ? "with" : "without" }, 0)}
            />
            <span>missing ({count(invalid)})</span>
          </label>
          <button
            className="link"
            aria-pressed={draft.missing === "only"}
            onClick={() =>
              set(
                draft.missing === "only" ? { missing: "with" } : { missing: "only", low: undefined, high: undefined },
                0,
              )
            }
          >
            only these
          </button>
        </div>
      )}
    </div>
  );
}

function Bars({
  edges,
  counts,
  all,
  draft,
}: {
  edges: (number | string)[];
  counts: number[];
  all?: number[];
  draft: RangeFacet;
}) {
  const highest = Math.max(1, ...(all ?? counts));
  const from = stopOf(edges, draft.low, "low");
  const to = stopOf(edges, draft.high, "high");
  const step = 100 / counts.length;
  const bar = (number: number, at: number, kind: string) => {
    const height = number === 0 ? 0 : Math.max(1.5, (HEIGHT * number) / highest);
    return (
      <rect
        key={`${kind}${at}`}
        className={kind}
        x={at * step + 0.3}
        width={step - 0.6}
        y={HEIGHT - height}
        height={height}
      />
    );
  };
  return (
    <svg className="facet-bars" viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {all?.map((number, at) => bar(number, at, "all"))}
      {counts.map((number, at) =>
        bar(number, at, draft.missing !== "only" && at >= from && at < Math.max(to, from + 1) ? "in" : "out"),
      )}
    </svg>
  );
}

interface HandlesProps {
  column: string;
  edges: (number | string)[];
  draft: RangeFacet;
  dataType: string;
  set: (change: Partial<RangeFacet>) => void;
}

function Handles({ column, edges, draft, dataType, set }: HandlesProps) {
  const last = edges.length - 1;
  const from = Math.min(stopOf(edges, draft.low, "low"), last - 1);
  const to = Math.max(stopOf(edges, draft.high, "high"), from + 1);
  const said = (bound: Bound, edge: number | string) => shown(bound ?? edge);
  const handle = (end: "low" | "high", stop: number) => (
    <input
      type="range"
      className={end}
      min={0}
      max={last}
      step={1}
      value={stop}
      aria-label={`${column}, ${end === "low" ? "from" : "to"}`}
      aria-valuetext={said(draft[end], edges[stop]!)}
      onChange={(event) => {
        const moved =
          end === "low" ? Math.min(Number(event.target.value), to - 1) : Math.max(Number(event.target.value), from + 1);
        set({ [end]: boundAt(draft.kind, dataType, edges, moved, end) });
      }}
    />
  );
  return (
    <div
      className="facet-handles"
      style={{ "--from": `${(100 * from) / last}%`, "--to": `${(100 * to) / last}%` } as React.CSSProperties}
    >
      {handle("low", from)}
      {handle("high", to)}
    </div>
  );
}

const shown = (value: number | string) =>
  typeof value === "number"
    ? value.toLocaleString("en-US", { maximumSignificantDigits: 6 })
    : isoDay(value)
        .replace("T", " ")
        .replace(/(\.\d+)?Z$/, "");

function End({
  label,
  facet,
  value,
  open,
  set,
}: {
  label: string;
  facet: RangeFacet;
  value: Bound;
  open: number | string;
  set: (value: Bound) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const isWrong = typed !== undefined && readBound(facet.kind, typed) === null;
  const take = () => {
    if (typed === undefined) return;
    const read = readBound(facet.kind, typed);
    if (read === null) return;
    setTyped(undefined);
    if (read !== value) set(read);
  };
  return (
    <label>
      <span>{label}</span>
      <input
        className="field"
        type="text"
        inputMode={facet.kind === "number" ? "decimal" : "text"}
        value={typed ?? (value === undefined ? "" : String(value).replace("T00:00:00", ""))}
        placeholder={shown(open)}
        aria-label={`${facet.column} ${label.toLowerCase()}`}
        aria-invalid={isWrong || undefined}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
          if (event.key === "Escape") setTyped(undefined);
        }}
      />
      {isWrong && (
        <em className="problem">{facet.kind === "number" ? "Write a number." : "Write a date, as 2024-12-31."}</em>
      )}
    </label>
  );
}
