/** The frame: the rail, the page that the address names, the notes. */
import { DropdownMenu } from "radix-ui";
import { lazy, Suspense, useEffect, useLayoutEffect, useState } from "react";
import { account, loadMe, type Me, signOut } from "./api/account";
import { DatasetPage } from "./dataset/DatasetPage";
import { register } from "./palette/commands";
import { closePalette, openPalette, palette } from "./palette/open";
import { jobs, places, recentTables } from "./palette/sources";
import { Dialog } from "./parts/Dialog";
import {
  Command as CommandIcon,
  Datasets,
  Files,
  Jobs,
  Keys,
  Moon,
  Person,
  ServerIcon,
  Stores,
  Sun,
} from "./parts/icons";
import { Link } from "./parts/Link";
import { switchTheme, theme } from "./parts/preferences";
import { useStore } from "./parts/store";
import { failed, Toasts } from "./parts/toasts";
import { type Area, areaAddress, type Route, useRoute } from "./router";
import { StartPage } from "./start/StartPage";

const JobsPage = lazy(() => import("./jobs/JobsPage"));
const FilesPage = lazy(() => import("./files/FilesPage"));
const StoresPage = lazy(() => import("./stores/StoresPage"));
const Palette = lazy(() => import("./palette/Palette"));
const ServerPage = lazy(() => import("./server/ServerPage"));

export function App() {
  const route = useRoute();
  const { isOpen } = useStore(palette);
  // With the first paint, not after it: what can be seen answers to its keys.
  useLayoutEffect(() => {
    const away = [register(recentTables), register(jobs)];
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k")
        return;
      event.preventDefault();
      if (palette.get().isOpen) closePalette();
      else openPalette();
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      for (const leave of away) leave();
    };
  }, []);
  return (
    <div className="frame">
      <Rail area={route.area} />
      <div className="page">
        <Suspense fallback={<div className="opening" aria-busy="true" />}>
          <Page route={route} />
        </Suspense>
      </div>
      <Toasts />
      <Suspense>{isOpen && <Palette />}</Suspense>
    </div>
  );
}

function Page({ route }: { route: Route }) {
  if (route.unknown) return <Lost />;
  if (route.dataset) return <DatasetPage key={route.dataset} id={route.dataset} page={route.page} />;
  switch (route.area) {
    case "jobs":
      return <JobsPage query={route.query} />;
    case "files":
      return <FilesPage query={route.query} />;
    case "stores":
      return <StoresPage query={route.query} />;
    case "server":
      return <ServerPage />;
    default:
      return <StartPage query={route.query} />;
  }
}

const RAIL: [Area, string, () => React.JSX.Element][] = [
  ["datasets", "Datasets", Datasets],
  ["jobs", "Jobs", Jobs],
  ["files", "Files", Files],
  ["stores", "Stores", Stores],
  ["server", "Server", ServerIcon],
];

function Rail({ area }: { area: Area }) {
  const { theme: colours } = useStore(theme);
  const { me } = useStore(account);
  const [isHelp, setHelp] = useState(false);
  useEffect(() => void loadMe(), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
      if (event.key === "?" && !typing) setHelp(true);
    };
    const leave = register(() => places(() => setHelp(true)));
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      leave();
    };
  }, []);
  const other = colours === "dark" ? "Light" : "Dark";
  return (
    <nav className="rail" aria-label="Pages">
      {RAIL.map(([name, label, Icon]) => (
        <Link
          key={name}
          className="rail-item"
          href={areaAddress(name)}
          title={label}
          aria-label={label}
          aria-current={area === name ? "page" : undefined}
        >
          <Icon />
          <span>{label}</span>
        </Link>
      ))}
      <span className="spring" />
      <button
        className="rail-item"
        title="Do anything (Ctrl-K)"
        aria-label="Find commands: Ctrl K"
        aria-keyshortcuts="Control+K"
        onClick={openPalette}
      >
        <CommandIcon />
        <span className="wide-only">Ctrl K</span>
        <span className="narrow-only">Find</span>
      </button>
      <button className="rail-item wide-only" title="Keys" aria-label="Keys" onClick={() => setHelp(true)}>
        <Keys />
        <span>Keys</span>
      </button>
      <button className="rail-item" title={other} aria-label={`${other} colours`} onClick={switchTheme}>
        {colours === "dark" ? <Sun /> : <Moon />}
        <span>{other}</span>
      </button>
      {me && !me.open && <AccountCorner me={me} />}
      {isHelp && <KeyHelp close={() => setHelp(false)} />}
    </nav>
  );
}

const SCOPES = { read: "reads", write: "reads and changes", admin: "administrator" };

/** Who one is, at the rail's foot; on phones this stands on the page Server. */
function AccountCorner({ me }: { me: Me }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <button
          className="rail-item wide-only"
          title={`Signed in as ${me.user ?? "nobody"}`}
          aria-label={`Signed in as ${me.user ?? "nobody"}`}
        >
          <Person />
          <span className="rail-name">{me.user}</span>
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="right" align="end" sideOffset={8}>
          <DropdownMenu.Label className="menu-label">
            {me.user} · {SCOPES[me.scope]}
          </DropdownMenu.Label>
          {me.login && (
            <DropdownMenu.Item className="menu-item" onSelect={() => void signOut().catch(failed)}>
              Sign out
            </DropdownMenu.Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const KEYS: [string, string][] = [
  ["Arrows, Home, End, Page Up, Page Down", "move in the table"],
  ["Ctrl and an arrow", "to the edge of the table"],
  ["Enter", "edit the cell; on a header, select the column"],
  ["Esc", "stop editing; select nothing"],
  ["Space", "on a row, select it"],
  ["Alt ↓", "on a header, its menu"],
  ["Ctrl G", "go to a row"],
  ["Ctrl C", "copy the cell or the ticked rows"],
  ["/", "search"],
  ["Ctrl K", "do anything, go anywhere"],
  ["Ctrl Z", "undo"],
  ["Ctrl Shift Z", "redo"],
  ["?", "these keys"],
];

function KeyHelp({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl className="keys">
        {KEYS.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function Lost() {
  return (
    <main className="message">
      <h1>Nothing is at this address</h1>
      <p>A dataset’s address ends with 30 letters and digits.</p>
      <Link className="button primary" href="/">
        To the datasets
      </Link>
    </main>
  );
}
