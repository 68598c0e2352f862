/** The frame: the rail, the page that the address names, the notes. */
import { lazy, Suspense, useEffect, useState } from "react";
import { DatasetPage } from "./dataset/DatasetPage";
import { Dialog } from "./parts/Dialog";
import { Datasets, Files, Jobs, Keys, Moon, ServerIcon, Stores, Sun } from "./parts/icons";
import { Link } from "./parts/Link";
import { switchTheme, theme } from "./parts/preferences";
import { useStore } from "./parts/store";
import { Toasts } from "./parts/toasts";
import { areaAddress, useRoute, type Area, type Route } from "./router";
import { StartPage } from "./start/StartPage";

const JobsPage = lazy(() => import("./jobs/JobsPage"));
const FilesPage = lazy(() => import("./files/FilesPage"));
const StoresPage = lazy(() => import("./stores/StoresPage"));
const ServerPage = lazy(() => import("./server/ServerPage"));

export function App() {
  const route = useRoute();
  return (
    <div className="frame">
      <Rail area={route.area} />
      <div className="page">
        <Suspense fallback={<div className="opening" aria-busy="true" />}>
          <Page route={route} />
        </Suspense>
      </div>
      <Toasts />
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
      return <StartPage />;
  }
}

const RAIL: [Area, string, () => React.JSX.Element][] = [["datasets", "Datasets", Datasets], ["jobs", "Jobs", Jobs], ["files", "Files", Files], ["stores", "Stores", Stores], ["server", "Server", ServerIcon]];

function Rail({ area }: { area: Area }) {
  const { theme: colours } = useStore(theme);
  const [isHelp, setHelp] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
      if (event.key === "?" && !typing) setHelp(true);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const other = colours === "dark" ? "Light" : "Dark";
  return (
    <nav className="rail" aria-label="Pages">
      {RAIL.map(([name, label, Icon]) => (
        <Link key={name} className="rail-item" href={areaAddress(name)} title={label} aria-label={label} aria-current={area === name ? "page" : undefined}>
          <Icon />
          <span>{label}</span>
        </Link>
      ))}
      <span className="spring" />
      <button className="rail-item wide-only" title="Keys" aria-label="Keys" onClick={() => setHelp(true)}>
        <Keys />
        <span>Keys</span>
      </button>
      <button className="rail-item" title={other} aria-label={`${other} colours`} onClick={switchTheme}>
        {colours === "dark" ? <Sun /> : <Moon />}
        <span>{other}</span>
      </button>
      {isHelp && <KeyHelp close={() => setHelp(false)} />}
    </nav>
  );
}

const KEYS: [string, string][] = [
  ["Arrows, Home, End, Page Up, Page Down", "move in the table"], ["Ctrl and an arrow", "to the edge of the table"], ["Enter", "edit the cell; on a header, select the column"], ["Esc", "stop editing; select nothing"],
  ["Space", "on a row, select it"], ["Alt ↓", "on a header, its menu"], ["Ctrl G", "go to a row"], ["Ctrl C", "copy the cell or the ticked rows"], ["/", "search"], ["Ctrl Z", "undo"], ["Ctrl Shift Z", "redo"], ["?", "these keys"],
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
