/** The frame: the rail, the page that the address names, the notes. */
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import { DatasetPage } from "./dataset/DatasetPage";
import { Chart, Close, Datasets, Keys, Moon, Sun, TableIcon } from "./parts/icons";
import { switchTheme, theme } from "./parts/preferences";
import { useStore } from "./parts/store";
import { Toasts } from "./parts/toasts";
import { follow, useRoute, type Route } from "./router";
import { StartPage } from "./start/StartPage";

export function App() {
  const route = useRoute();
  return (
    <div className="frame">
      <Rail route={route} />
      <div className="page">
        {route.unknown ? <Lost /> : route.dataset ? <DatasetPage key={route.dataset} id={route.dataset} page={route.page} /> : <StartPage />}
      </div>
      <Toasts />
    </div>
  );
}

function Rail({ route }: { route: Route }) {
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
  const link = (address: string, label: string, Icon: () => React.JSX.Element, isHere: boolean) => (
    <a className="rail-item" href={address} title={label} aria-label={label} aria-current={isHere ? "page" : undefined} onClick={(event) => follow(event, address)}>
      <Icon />
      <span>{label}</span>
    </a>
  );
  return (
    <nav className="rail" aria-label="Pages">
      {link("/", "Datasets", Datasets, !route.dataset)}
      {route.dataset && link(`/${route.dataset}`, "Table", TableIcon, route.page === "table")}
      {route.dataset && link(`/${route.dataset}?page=charts`, "Charts", Chart, route.page === "charts")}
      <span className="spring" />
      <button className="rail-item" title="Keys" aria-label="Keys" onClick={() => setHelp(true)}>
        <Keys />
        <span>Keys</span>
      </button>
      <button className="rail-item" title={colours === "dark" ? "Light" : "Dark"} aria-label={colours === "dark" ? "Light colours" : "Dark colours"} onClick={switchTheme}>
        {colours === "dark" ? <Sun /> : <Moon />}
        <span>{colours === "dark" ? "Light" : "Dark"}</span>
      </button>
      <KeyHelp open={isHelp} close={() => setHelp(false)} />
    </nav>
  );
}

const KEYS: [string, string][] = [
  ["Arrows, Home, End, Page Up, Page Down", "move in the table"], ["Ctrl and an arrow", "to the edge of the table"], ["Enter", "edit the cell; on a header, select the column"], ["Esc", "stop editing; select nothing"],
  ["Space", "on a row, select it"], ["Alt ↓", "on a header, its menu"], ["/", "search"], ["Ctrl Z", "undo"], ["Ctrl Shift Z", "redo"], ["?", "these keys"],
];

function KeyHelp({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <div className="dialog-head">
            <Dialog.Title>Keys</Dialog.Title>
            <Dialog.Close className="icon" aria-label="Close">
              <Close />
            </Dialog.Close>
          </div>
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
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Lost() {
  return (
    <main className="message">
      <h1>Nothing is at this address</h1>
      <p>A dataset’s address ends with 30 letters and digits.</p>
      <a className="button primary" href="/" onClick={(event) => follow(event, "/")}>
        To the datasets
      </a>
    </main>
  );
}
