/** The grid's place on the page, and what opens from it: menus of columns and cells, dialogs. */
import { useEffect, useRef, useState } from "react";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import { CellMenu } from "./CellMenu";
import { ColumnMenu } from "./ColumnMenu";
import { ExplainDialog } from "./ExplainDialog";
import { GoToRow } from "./GoToRow";
import { type Grid, makeGrid } from "./grid";
import type { Cell } from "./gridKeys";
import { showAll } from "./view";
import { WholeValue } from "./WholeValue";
import "./grid.css";
import type { FirstPage, Session } from "./session";

type Opened = { what: "explain" | "value"; cell: Cell } | { what: "go" };

export default function GridView({ session }: { session: Session }) {
  const place = useRef<HTMLDivElement>(null);
  const grid = useRef<Grid>(undefined);
  const [menu, setMenu] = useState<{ column: string; at: DOMRect }>();
  const [cellMenu, setCellMenu] = useState<{ cell: Cell; at: DOMRect }>();
  const [opened, setOpened] = useState<Opened>();
  useEffect(() => {
    let isGone = false;
    const make = (first: FirstPage) => {
      if (isGone || !place.current) return;
      grid.current = makeGrid(place.current, session, first, {
        openMenu: (column, at) => setMenu({ column, at }),
        openCellMenu: (cell, at) => setCellMenu({ cell, at }),
        goToRow: () => setOpened({ what: "go" }),
      });
    };
    session.rowsAtFirst().then(make, (error: unknown) => {
      failed(error);
      make({ index: [], data: [], generation: -1 });
    });
    return () => {
      isGone = true;
      grid.current?.end();
      grid.current = undefined;
    };
  }, [session]);
  const { viewRows, meta } = useStore(session.store);
  const close = () => {
    setOpened(undefined);
    // The dialog gives the focus back to nobody when its menu is gone.
    requestAnimationFrame(() => grid.current?.focusAgain());
  };
  return (
    <div className="grid-area">
      <div ref={place} className="grid" role="region" aria-label="The table" />
      {viewRows === 0 && (
        <div className="nothing">
          <p>{meta?.dataSize.rows === 0 ? "The table has no rows." : "No row fits the filter and the search."}</p>
          {meta?.dataSize.rows !== 0 && (
            <button className="button" onClick={() => void session.setView(showAll(session.wanted))}>
              Show all rows
            </button>
          )}
        </div>
      )}
      {menu && <ColumnMenu session={session} column={menu.column} at={menu.at} close={() => setMenu(undefined)} />}
      {cellMenu && (
        <CellMenu
          session={session}
          cell={cellMenu.cell}
          at={cellMenu.at}
          open={(what) => setOpened({ what, cell: cellMenu.cell })}
          close={() => setCellMenu(undefined)}
          focusGrid={() => grid.current?.focusAgain()}
        />
      )}
      {opened?.what === "explain" && <ExplainDialog session={session} cell={opened.cell} close={close} />}
      {opened?.what === "value" && <WholeValue cell={opened.cell} close={close} />}
      {opened?.what === "go" && (
        <GoToRow
          session={session}
          close={close}
          go={(at) => {
            setOpened(undefined);
            requestAnimationFrame(() => grid.current?.showRow(at));
          }}
        />
      )}
    </div>
  );
}
