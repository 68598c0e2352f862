/** A facet of values: the most frequent with their rows; a click shows only one, plus adds, minus leaves out. */
import { useDeferredValue, useState } from "react";
import { count, counted, visible } from "../../parts/format";
import { TextInput } from "../../parts/TextInput";
import { failed } from "../../parts/toasts";
import type { Session } from "../session";
import { type Entry, type EntryOrder, entriesOf, valueWords } from "./choices";
import { allBut, also, only, type Value, type ValuesFacet } from "./conditions";
import { useCounts } from "./counts";
import { choose } from "./facets";

const SHOWN = 50;

export function ValuesChoice({ session, facet }: { session: Session; facet: ValuesFacet }) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<EntryOrder>("rows");
  const [renamed, setRenamed] = useState<Value | null>();
  const sought = useDeferredValue(search);
  const isText = session.state.meta?.columnInfo[facet.column]?.dataType !== "boolean";
  const found = useCounts(session, facet, isText ? sought : "");
  if (!found)
    return (
      <div className="facet-skeleton">
        {Array.from({ length: 6 }, (_, at) => (
          <span key={at} className="skeleton" />
        ))}
      </div>
    );
  if (!found.about) return <p className="problem facet-note">{found.problem}</p>;
  const { frequencies, unique_count: different, invalid } = found.about.statistics;
  const entries = entriesOf(facet, frequencies, sought === "" ? invalid : 0, sought, order);
  const most = Math.max(1, ...entries.map((entry) => entry.rows ?? 0));
  const pick = (next: ValuesFacet) => void choose(session, next);
  const left = different - Math.min(SHOWN, frequencies.length);
  return (
    <>
      {isText && (
        <div className="facet-tools">
          <input
            className="field"
            type="text"
            value={search}
            placeholder={`Search ${counted(different, "value")}`}
            aria-label={`Search the values of ${facet.column}`}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setSearch(event.target.value)}
          />
          <button
            className="button quiet"
            aria-label={
              order === "rows"
                ? "Rows: most frequent first; press for order by name"
                : "A–Z: by name; press for the most frequent first"
            }
            title={order === "rows" ? "Most frequent first" : "By name"}
            onClick={() => setOrder(order === "rows" ? "name" : "rows")}
          >
            {order === "rows" ? "Rows" : "A–Z"}
          </button>
        </div>
      )}
      <ul className="facet-values">
        {entries.map((entry) =>
          renamed !== undefined && entry.value === renamed ? (
            <Rename
              key={String(entry.value)}
              session={session}
              facet={facet}
              entry={entry}
              close={() => setRenamed(undefined)}
            />
          ) : (
            <ValueRow
              key={`${typeof entry.value} ${String(entry.value)}`}
              facet={facet}
              entry={entry}
              most={most}
              pick={pick}
              rename={isText ? () => setRenamed(entry.value) : undefined}
            />
          ),
        )}
      </ul>
      {entries.length === 0 && (
        <p className="facet-note hint">
          {sought === "" ? "No row is left for this facet." : "No value contains this."}
        </p>
      )}
      {left > 0 && (
        <p className="facet-note hint">
          {count(left)} more{sought === "" ? "; search to find them" : ""}
        </p>
      )}
    </>
  );
}

interface RowProps {
  facet: ValuesFacet;
  entry: Entry;
  most: number;
  pick: (next: ValuesFacet) => void;
  rename?: () => void;
}

function ValueRow({ facet, entry, most, pick, rename }: RowProps) {
  const { value, rows, isChosen } = entry;
  const words = valueWords(value);
  const state = !isChosen ? "" : facet.exclude ? " out" : " in";
  return (
    <li className={`facet-value${state}`}>
      <button
        className="facet-pick"
        aria-pressed={isChosen && !facet.exclude}
        title={`${words}\nShow only these rows; with Ctrl, these as well`}
        onClick={(event) => pick(event.ctrlKey || event.metaKey ? also(facet, value) : only(facet, value))}
        onKeyDown={(event) => {
          if (event.key === "+") pick(also(facet, value));
          else if (event.key === "-") pick(allBut(facet, value));
          else if (event.key === "F2") rename?.();
        }}
      >
        <i style={{ width: `${(100 * (rows ?? 0)) / most}%` }} aria-hidden="true" />
        <span className={typeof value === "string" && value !== "" ? "" : "special"}>
          {typeof value === "string" && value !== "" ? <Shown text={value} /> : words}
        </span>
        <b>{rows === undefined ? "" : count(rows)}</b>
      </button>
      <span className="facet-acts">
        {rename && (
          <button aria-label={`Change ${words} everywhere`} title="Change it everywhere (F2)" onClick={rename}>
            ✎
          </button>
        )}
        <button
          aria-label={`Also ${words}`}
          aria-pressed={isChosen && !facet.exclude}
          title="These as well (+)"
          onClick={() => pick(also(facet, value))}
        >
          +
        </button>
        <button
          aria-label={`All but ${words}`}
          aria-pressed={isChosen && facet.exclude}
          title="All but these (−)"
          onClick={() => pick(allBut(facet, value))}
        >
          −
        </button>
      </span>
    </li>
  );
}

function Shown({ text }: { text: string }) {
  const { before, middle, after } = visible(text);
  return (
    <>
      {before && <em>{before}</em>}
      {middle}
      {after && <em>{after}</em>}
    </>
  );
}

function Rename({
  session,
  facet,
  entry,
  close,
}: {
  session: Session;
  facet: ValuesFacet;
  entry: Entry;
  close: () => void;
}) {
  const old = entry.value;
  const [text, setText] = useState(old === null ? "" : String(old));
  const [problem, setProblem] = useState<string>();
  const save = async () => {
    if (text === old || (old === null && text === "")) return close();
    try {
      await session.change(
        "findReplace",
        { column: facet.column, toReplace: [old], replaceWith: [text] },
        "Changing the value everywhere",
      );
    } catch (error) {
      return setProblem((error as Error).message);
    }
    close();
    if (old !== null && facet.values.includes(old))
      void choose(session, {
        ...facet,
        values: [...new Set(facet.values.map((value) => (value === old ? text : value)))],
      }).catch(failed);
  };
  return (
    <li className="facet-rename">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextInput
          value={text}
          change={setText}
          enter={() => void save()}
          label={old === null ? `A value for the missing ones of ${facet.column}` : `New text for ${valueWords(old)}`}
          autoFocus
          selectAll
          onEscape={close}
        />
        <button className="button primary" type="submit">
          Change {entry.rows ? count(entry.rows) : ""}
        </button>
        <button className="button quiet" type="button" onClick={close}>
          Cancel
        </button>
      </form>
      {problem && <p className="problem">{problem}</p>}
    </li>
  );
}
