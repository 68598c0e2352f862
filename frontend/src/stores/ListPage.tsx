/** One list: its items as a table that can be edited, and the ways to a dataset and back. */
import { useCallback, useEffect, useRef, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import { mergeItem, promoteList, readItems, removeItems } from "../api/stores";
import { counted } from "../parts/format";
import { Bin, Plus, Refresh, TableIcon } from "../parts/icons";
import type { Item } from "../parts/items";
import { Link } from "../parts/Link";
import { removeLater } from "../parts/later";
import { useStore } from "../parts/store";
import { failed, toast } from "../parts/toasts";
import { areaAddress, datasetAddress, navigate } from "../router";
import { AddDialog } from "./AddDialog";
import { FillDialog } from "./FillDialog";
import { ItemsTable } from "./ItemsTable";

const PAGE = 100;
const LIVE_MS = 2000;
/** Items that are on their way out: hidden here until Undo, or until the server has removed them. */
const leaving = new Set<string>();

export function ListPage({ name, after }: { name: string; after: number }) {
  const [items, setItems] = useState<Item[]>();
  const [hasMore, setMore] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [isLive, setLive] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [dialog, setDialog] = useState<"add" | "fill">();
  const [isMaking, setMaking] = useState(false);
  const refused = whyReadOnly(useStore(account).me);
  const asked = useRef(0);
  const look = useCallback(async () => {
    const number = ++asked.current;
    try {
      const found = await readItems(name, after, PAGE + 1);
      if (number !== asked.current) return; // a later question is under way
      setItems(found.slice(0, PAGE).filter((item) => !leaving.has(`${name}/${item.id}`)));
      setMore(found.length > PAGE);
      setProblem(undefined);
    } catch (error) {
      if (number === asked.current) setProblem((error as Error).message);
    }
  }, [name, after]);
  useEffect(() => {
    setChosen(new Set());
    void look();
  }, [look]);
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => document.visibilityState === "visible" && void look(), LIVE_MS);
    return () => clearInterval(timer);
  }, [isLive, look]);

  const edit = async (id: number, changes: Record<string, unknown>) => {
    await mergeItem(name, id, changes);
    await look();
  };
  const remove = () => {
    const ids = [...chosen];
    const marks = ids.map((id) => `${name}/${id}`);
    for (const mark of marks) leaving.add(mark);
    setChosen(new Set());
    const back = () => {
      for (const mark of marks) leaving.delete(mark);
      void look();
    };
    removeLater(
      `Removed ${counted(ids.length, "item")}`,
      (isLast) =>
        void removeItems(name, ids, isLast).then(back, (error: unknown) => {
          failed(error);
          back();
        }),
      back,
    );
    void look();
  };
  const promote = async () => {
    setMaking(true);
    try {
      const made = await promoteList(name);
      for (const warning of made.warnings ?? []) toast(warning.message, { tone: "news" });
      navigate(datasetAddress(made.sessionID));
    } catch (error) {
      setMaking(false);
      failed(error);
    }
  };

  return (
    <main className="area stores">
      <header className="area-head">
        <h1 className="trail">
          <Link href={areaAddress("stores")}>Stores</Link>
          <span>
            <i aria-hidden>/</i>
            {name}
          </span>
        </h1>
      </header>
      <div className="tools" role="toolbar" aria-label="This list">
        <button className="button" disabled={!!refused} title={refused} onClick={() => setDialog("add")}>
          <Plus />
          Add an item
        </button>
        <button className="button" disabled={!!refused} title={refused} onClick={() => setDialog("fill")}>
          Fill from a dataset
        </button>
        <button
          className="button"
          disabled={!!refused || isMaking || items?.length === 0}
          title={refused ?? "The list stays as it is"}
          onClick={() => void promote()}
        >
          <TableIcon />
          {isMaking ? "Making it …" : "Make a dataset of it"}
        </button>
        <span className="spring" />
        {chosen.size > 0 && (
          <button className="button" disabled={!!refused} title={refused} onClick={remove}>
            <Bin />
            Remove {counted(chosen.size, "item")}
          </button>
        )}
        <label className="check live">
          <input type="checkbox" checked={isLive} onChange={(event) => setLive(event.target.checked)} />
          Follow changes
        </label>
        <button className="icon" aria-label="Look again" title="Look again" onClick={() => void look()}>
          <Refresh />
        </button>
      </div>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {!items && !problem && <div className="records skeleton" style={{ height: 240 }} aria-hidden />}
      {items?.length === 0 && (
        <div className="box empty">
          <strong>{after ? "No further items" : "Nothing in this list yet"}</strong>
          <p>
            {after
              ? "The items that stood here have gone."
              : "It begins to exist with its first item: add one, or fill it with the rows of a dataset."}
          </p>
        </div>
      )}
      {items && items.length > 0 && (
        <ItemsTable items={items} chosen={chosen} choose={setChosen} edit={edit} readOnly={!!refused} />
      )}
      {items && (after > 0 || hasMore) && (
        <nav className="pager" aria-label="Pages of the list">
          {after > 0 && (
            <Link className="button" href={areaAddress("stores", { list: name })}>
              To the beginning
            </Link>
          )}
          {hasMore && (
            <Link
              className="button"
              href={areaAddress("stores", { list: name, after: String(items.at(-1)?.id ?? after) })}
            >
              The next {PAGE} items
            </Link>
          )}
        </nav>
      )}
      {dialog === "add" && <AddDialog name={name} items={items ?? []} done={look} close={() => setDialog(undefined)} />}
      {dialog === "fill" && <FillDialog name={name} done={look} close={() => setDialog(undefined)} />}
    </main>
  );
}
