/** The right panel: what can be done, what is in a column, what was done. */
import { Tabs } from "radix-ui";
import { Close } from "../../parts/icons";
import type { Session } from "../session";
import { DoTab } from "./DoTab";
import { HistoryTab } from "./HistoryTab";
import { LookTab } from "./LookTab";
import { type Tab, usePanel } from "./panel";

const TABS: [Tab, string][] = [
  ["do", "Do"],
  ["look", "Look"],
  ["history", "History"],
];

export function SidePanel({ session }: { session: Session }) {
  const { tab, show, close } = usePanel();
  return (
    <aside className="panel" aria-label="Do, look, history">
      <Tabs.Root value={tab} onValueChange={(next) => show(next as Tab)} className="panel-tabs">
        <div className="tab-line">
          <Tabs.List className="tab-list" aria-label="Panel">
            {TABS.map(([name, title]) => (
              <Tabs.Trigger key={name} value={name} className="tab">
                {title}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <button className="icon small narrow-only" aria-label="Close the panel" onClick={close}>
            <Close />
          </button>
        </div>
        <Tabs.Content value="do" className="tab-body">
          <DoTab session={session} />
        </Tabs.Content>
        <Tabs.Content value="look" className="tab-body">
          <LookTab session={session} />
        </Tabs.Content>
        <Tabs.Content value="history" className="tab-body">
          <HistoryTab session={session} />
        </Tabs.Content>
      </Tabs.Root>
    </aside>
  );
}
