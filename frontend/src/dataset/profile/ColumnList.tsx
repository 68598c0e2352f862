/** A row for each column: what it holds, what is missing, and what deserves a look. */
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { count, counted, share, statistic, typeGlyph, typeName } from "../../parts/format";
import { Link } from "../../parts/Link";
import { useStore } from "../../parts/store";
import type { ColumnProfile, Session } from "../session";
import { Correlations } from "./Correlations";
import { arranged, inWindow, noticesOf, type ProfileOrder } from "./noticing";
import { Strip } from "./Strip";
import { profileAddress } from "./show";

const ROW = 56;
const PHONE_ROW = 124;
const ORDERS: [ProfileOrder, string][] = [
  ["table", "as in the table"],
  ["notices", "what needs a look first"],
  ["missing", "most missing first"],
  ["different", "most different values first"],
  ["name", "by name"],
];

export function ColumnList({ session, lost }: { session: Session; lost?: string }) {
  const { meta, profile, profiling } = useStore(session.store);
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<ProfileOrder>("table");
  const sought = useDeferredValue(search);
  const rows = meta?.dataSize.rows ?? 0;
  const all = useMemo(
    () => (meta && profile ? meta.columns.flatMap((name) => profile.get(name) ?? []) : undefined),
    [meta, profile],
  );
  const shown = useMemo(() => arranged(all ?? [], sought, order, rows), [all, sought, order, rows]);
  const attention = useMemo(
    () => (all ?? []).filter((column) => noticesOf(column, rows).some((notice) => notice.tone === "attention")).length,
    [all, rows],
  );
  const width = meta?.columns.length ?? 0;
  return (
    <section className="profile" aria-label="Profile">
      <header className="profile-head">
        <div>
          <h2>Profile</h2>
          <p className="about" role="status">
            {!all
              ? profiling
                ? `Looking at the columns: ${count(profiling.done)} of ${count(profiling.total)}`
                : "Looking at the columns …"
              : attention === 0
                ? `${counted(width, "column")}, none of which stands out`
                : `${counted(attention, "column")} of ${count(width)} ${attention === 1 ? "deserves" : "deserve"} a look`}
          </p>
        </div>
        <input
          className="field profile-search"
          type="text"
          value={search}
          placeholder="Find a column"
          aria-label="Find a column, by its name or by what is said of it"
          spellCheck={false}
          onChange={(event) => setSearch(event.target.value)}
        />
        <select
          className="field profile-order"
          value={order}
          aria-label="Order"
          onChange={(event) => setOrder(event.target.value as ProfileOrder)}
        >
          {ORDERS.map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </header>
      {lost !== undefined && (
        <p className="problem profile-note">There is no column “{lost}” any more; it was renamed or removed.</p>
      )}
      {all ? <Rows session={session} columns={shown} rows={rows} /> : <Waiting columns={width} done={profiling} />}
      {all && shown.length === 0 && <p className="profile-note hint">No column is called or described like this.</p>}
      {all && <Correlations session={session} />}
    </section>
  );
}

function Waiting({ columns, done }: { columns: number; done?: { done: number; total: number } }) {
  return (
    <div className="profile-rows" aria-busy="true">
      <div className="profile-meter">
        <i style={{ width: done ? `${(100 * done.done) / done.total}%` : 0 }} />
      </div>
      {Array.from({ length: Math.min(columns, 12) }, (_, at) => (
        <div key={at} className="profile-row">
          <span className="skeleton" />
        </div>
      ))}
    </div>
  );
}

function Rows({ session, columns, rows }: { session: Session; columns: ColumnProfile[]; rows: number }) {
  const place = useRef<HTMLOListElement>(null);
  const [[from, to], setWindow] = useState<[number, number]>([0, 30]);
  const [rowHeight, setRowHeight] = useState(() => (matchMedia("(max-width: 720px)").matches ? PHONE_ROW : ROW));
  useEffect(() => {
    const narrow = matchMedia("(max-width: 720px)");
    const page = place.current?.closest(".profile");
    if (!page) return;
    const look = () => {
      setRowHeight(narrow.matches ? PHONE_ROW : ROW);
      const above = page.scrollTop - (place.current?.offsetTop ?? 0);
      const next = inWindow(columns.length, Math.max(0, above), page.clientHeight, narrow.matches ? PHONE_ROW : ROW);
      setWindow((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
    };
    look();
    page.addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      page.removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [columns]);
  return (
    <ol ref={place} className="profile-rows" style={{ height: columns.length * rowHeight }} aria-label="Columns">
      {columns.slice(from, to).map((column, at) => (
        <li
          key={column.name}
          style={{ top: (from + at) * rowHeight, height: rowHeight }}
          aria-setsize={columns.length}
          aria-posinset={from + at + 1}
        >
          <Row session={session} column={column} rows={rows} />
        </li>
      ))}
    </ol>
  );
}

function Row({ session, column, rows }: { session: Session; column: ColumnProfile; rows: number }) {
  const { invalid, unique_count: different } = column.statistics;
  return (
    <Link className="profile-row" href={profileAddress(session, column.name)}>
      <span className="profile-name">
        <b>{column.name}</b>
        <small>
          <span aria-hidden="true">{typeGlyph(column.dataType)}</span> {typeName(column.dataType)}
        </small>
      </span>
      <Strip about={column} />
      <span className="profile-values">
        <Values column={column} />
      </span>
      <span className="profile-different">
        <b>{count(different)}</b>
        <small>different</small>
      </span>
      <span
        className={invalid > 0 ? "profile-missing some" : "profile-missing"}
        title={`${count(invalid)} of ${count(rows)} missing`}
      >
        <i>
          <i style={{ width: `${rows > 0 ? (100 * invalid) / rows : 0}%` }} />
        </i>
        <small>{invalid > 0 ? `${share(invalid, rows)} missing` : "none missing"}</small>
      </span>
      <span className="profile-notices">
        {noticesOf(column, rows).map((notice) => (
          <span key={notice.words} className={notice.tone === "attention" ? "badge waiting" : "badge"}>
            {notice.words}
          </span>
        ))}
      </span>
    </Link>
  );
}

function Values({ column }: { column: ColumnProfile }) {
  const { statistics, top } = column;
  if (column.histogram) {
    return (
      <>
        <b>
          {statistic(statistics.min)} – {statistic(statistics.max)}
        </b>
        <small>median {statistic(statistics["50%"] ?? statistics.median)}</small>
      </>
    );
  }
  const values = top ?? [];
  if (values.length === 0) return null;
  const said = (value: unknown) => (value === "" ? "empty text" : String(value));
  return (
    <>
      <b>
        {said(values[0]![0])} <i>{count(values[0]![1])}</i>
      </b>
      <small>
        {values
          .slice(1, 4)
          .map(([value]) => said(value))
          .join(", ")}
      </small>
    </>
  );
}
