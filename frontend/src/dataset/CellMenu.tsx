/** The menu of a cell: right click, the menu key, or a finger that stays. */
import { DropdownMenu } from "radix-ui";
import { copyText } from "../parts/save";
import { useStore } from "../parts/store";
import { quote } from "./explain";
import type { Cell } from "./gridKeys";
import type { Session } from "./session";
import { showRowsWith } from "./showRows";
import { exact, toTsv } from "./tsv";

interface Props {
  session: Session;
  cell: Cell;
  at: DOMRect;
  open: (what: "explain" | "value") => void;
  close: () => void;
  focusGrid: () => void;
}

export function CellMenu({ session, cell, at, open, close, focusGrid }: Props) {
  const { meta } = useStore(session.store);
  const item = (text: string, run: () => void, note?: string) => (
    <DropdownMenu.Item key={text} className="menu-item" onSelect={run}>
      {text}
      {note && <kbd>{note}</kbd>}
    </DropdownMenu.Item>
  );
  const isMissing = cell.value === null || cell.value === undefined;
  const isLong = exact(cell.value).length > 24;
  return (
    <DropdownMenu.Root open onOpenChange={(isOpen) => !isOpen && close()} modal={false}>
      <DropdownMenu.Trigger
        className="menu-anchor"
        style={{ left: at.left + 12, top: at.bottom - 2 }}
        aria-hidden
        tabIndex={-1}
      />
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu"
          align="start"
          collisionPadding={8}
          aria-label={`The cell in ${cell.column}`}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            focusGrid();
          }}
        >
          <DropdownMenu.Label className="menu-label">
            {cell.column}, row {(cell.row.number + 1).toLocaleString("en-US")}
            <span className="menu-value">{quote(cell.value)}</span>
          </DropdownMenu.Label>
          {!isMissing &&
            item("Copy the value", () => void copyText(exact(cell.value), "The value is copied."), "Ctrl C")}
          {item(
            "Copy the row",
            () => void copyText(toTsv([cell.row.values.slice(0, meta?.columns.length)]), "The row is copied."),
          )}
          {isLong && item("Show the whole value", () => open("value"))}
          <DropdownMenu.Separator className="menu-line" />
          {item(isMissing ? "Show the rows where it is missing" : "Show the rows with this value", () =>
            showRowsWith(session, cell.column, cell.value),
          )}
          {item("Where does this come from?", () => open("explain"))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
