/** The menu of a column. */
import { DropdownMenu } from "radix-ui";
import { isNumeric, isTime } from "../parts/format";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import { openClusters } from "./clusters/clusters";
import { hasFacet, openFacet } from "./facets/facets";
import { openForm, usePanel } from "./panel/panel";
import type { Session } from "./session";

export function ColumnMenu({
  session,
  column,
  at,
  close,
}: {
  session: Session;
  column: string;
  at: DOMRect;
  close: () => void;
}) {
  const { meta } = useStore(session.store);
  const { show } = usePanel();
  const info = meta?.columnInfo[column];
  const item = (text: string, run: () => void) => (
    <DropdownMenu.Item key={text} className="menu-item" onSelect={run}>
      {text}
    </DropdownMenu.Item>
  );
  const form = (name: string) => () => {
    session.store.set({ columns: [column], anchor: column });
    openForm(session, name);
  };
  if (!info) return null;
  return (
    <DropdownMenu.Root open onOpenChange={(open) => !open && close()} modal={false}>
      <DropdownMenu.Trigger
        className="menu-anchor"
        style={{ left: at.right - 24, top: at.top + 22 }}
        aria-hidden
        tabIndex={-1}
      />
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" collisionPadding={8} aria-label={column}>
          <DropdownMenu.Label className="menu-label">{column}</DropdownMenu.Label>
          {item("Smallest first", () => void session.setView({ sort: { column, ascending: true } }))}
          {item("Greatest first", () => void session.setView({ sort: { column, ascending: false } }))}
          <DropdownMenu.Separator className="menu-line" />
          {hasFacet(session, column) && item("Facet", () => openFacet(session, column))}
          {info.invalidValues > 0 &&
            item(
              "Show rows where it is missing",
              () => void session.setView({ filter: { type: "invalid", columns: [column] } }),
            )}
          {item(
            "Show repeated values",
            () => void session.setView({ filter: { type: "duplicates", columns: [column] } }),
          )}
          {(isNumeric(info.dataType) || isTime(info.dataType)) &&
            item("Show outliers", () => void session.setView({ filter: { type: "outliers", columns: [column] } }))}
          {item("Look at this column", () => {
            session.store.set({ columns: [column], anchor: column });
            show("look");
          })}
          <DropdownMenu.Separator className="menu-line" />
          {item("Rename…", form("renameColumn"))}
          {item("Change type…", form("changeColumnDataType"))}
          {item("Find and replace…", form("findReplace"))}
          {info.dataType === "string" && item("Merge spellings…", () => openClusters(column))}
          {item("Remove column", () => void session.change("deleteColumns", { columns: [column] }).catch(failed))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
