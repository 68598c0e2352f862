/** Which tab of the right panel is open, and which operation's form. */
import { Store, useStore } from "../../parts/store";
import type { Session } from "../session";

export type Tab = "do" | "look" | "history";

const panel = new Store<{ open: boolean; tab: Tab; form?: string }>({ open: matchMedia("(min-width: 900px)").matches, tab: "do" });

export function usePanel() {
  return { ...useStore(panel), show, toggle: () => panel.set({ open: !panel.get().open }), close: () => panel.set({ open: false }) };
}

export const show = (tab: Tab) => panel.set({ open: true, tab });

export function openForm(session: Session, operation: string | undefined): void {
  session.store.set({ preview: undefined });
  panel.set(operation ? { open: true, tab: "do", form: operation } : { form: undefined });
}
