/** Name and size of the dataset, who is there, undo and redo, export and share. */
import { DropdownMenu } from "radix-ui";
import { openPalette } from "../palette/open";
import { bytes, count } from "../parts/format";
import { Chart, Command, Download, Panel, Profile, Redo, Share, TableIcon, Undo } from "../parts/icons";
import { Link } from "../parts/Link";
import { copyText, saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import { type DatasetPageName, datasetAddress } from "../router";
import { DatasetName } from "./DatasetName";
import { exportAddress, FORMATS, saveRecipe, saveScript } from "./exporting";
import { Presence } from "./Presence";
import { usePanel } from "./panel/panel";
import { SetAsideNote } from "./SetAside";
import type { Session } from "./session";
import { isNarrowed } from "./view";

const PAGES: [DatasetPageName, string, () => React.JSX.Element][] = [
  ["table", "Table", TableIcon],
  ["profile", "Profile", Profile],
  ["charts", "Charts", Chart],
];

export function TopBar({ session, page }: { session: Session; page: DatasetPageName }) {
  const { name, meta, sourceBytes, history } = useStore(session.store);
  const { open, toggle } = usePanel();
  const steps = history?.steps ?? [];
  const position = steps.findIndex((step) => step.current);
  const share = () => copyText(location.href, "The link is copied. Whoever has it can see and change this table.");
  return (
    <header className="top-bar">
      <DatasetName session={session} name={name} />
      {meta && (
        <p className="size">
          {count(meta.dataSize.rows)} × {count(meta.dataSize.columns)}
          <span className="file-size"> · file of {bytes(sourceBytes)}</span>
        </p>
      )}
      <SetAsideNote session={session} />
      <Presence session={session} />
      <nav className="pages" aria-label="Of this dataset">
        {PAGES.map(([name, title, Icon]) => (
          <Link
            key={name}
            href={datasetAddress(session.id, name)}
            aria-label={title}
            aria-current={page === name ? "page" : undefined}
          >
            <Icon />
            <span>{title}</span>
          </Link>
        ))}
      </nav>
      <span className="spring" />
      <button
        className="icon"
        aria-label="Undo"
        title={meta?.undoAvailable ? `Undo: ${steps[position]?.sentence ?? ""} (Ctrl-Z)` : "Nothing to undo"}
        disabled={!meta?.undoAvailable}
        onClick={() => void session.undo()}
      >
        <Undo />
      </button>
      <button
        className="icon"
        aria-label="Redo"
        title={meta?.redoAvailable ? `Redo: ${steps[position + 1]?.sentence ?? ""} (Ctrl-Shift-Z)` : "Nothing to redo"}
        disabled={!meta?.redoAvailable}
        onClick={() => void session.redo()}
      >
        <Redo />
      </button>
      <button
        className="icon wide-only"
        aria-label="Commands"
        aria-keyshortcuts="Control+K"
        title="Do anything (Ctrl-K)"
        onClick={openPalette}
      >
        <Command />
      </button>
      <Export session={session} />
      <button className="button" aria-label="Share" onClick={() => void share()}>
        <Share />
        <span className="wide-only">Share</span>
      </button>
      {page === "table" && (
        <button
          className="icon"
          aria-label={open ? "Close the side panel" : "Open the side panel"}
          aria-pressed={open}
          onClick={toggle}
        >
          <Panel />
        </button>
      )}
    </header>
  );
}

function Export({ session }: { session: Session }) {
  const { view } = useStore(session.store);
  const narrowed = isNarrowed(view) || view.sort !== undefined;
  const save = (format: string, ofView: boolean) => () => saveFrom(exportAddress(session, format, ofView));
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button" aria-label="Export">
        <Download />
        <span className="wide-only">Export</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" collisionPadding={8}>
          <DropdownMenu.Label className="menu-label">The whole table</DropdownMenu.Label>
          {FORMATS.map(([format, title]) => (
            <DropdownMenu.Item key={format} className="menu-item" onSelect={save(format, false)}>
              {title}
            </DropdownMenu.Item>
          ))}
          {narrowed && (
            <>
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Label className="menu-label">Only the rows shown, in their order</DropdownMenu.Label>
              {FORMATS.slice(0, 2).map(([format, title]) => (
                <DropdownMenu.Item key={format} className="menu-item" onSelect={save(format, true)}>
                  {title}
                </DropdownMenu.Item>
              ))}
            </>
          )}
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item className="menu-item" onSelect={() => void saveRecipe(session).catch(failed)}>
            Recipe of the steps
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => void saveScript(session).catch(failed)}>
            Python script of the steps
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
