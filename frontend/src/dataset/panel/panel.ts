/** Which tab of the right panel is open, and which operation's form, with what it starts. */
import { Store, useStore } from "../../parts/store";
import type { Session } from "../session";

export type Tab = "do" | "look" | "history";

interface Opened {
  operation: string;
  /** What the form starts with, where it is not what is selected. */
  values: Record<string, unknown>;
  /** Tells two openings of one form apart. */
  number: number;
}

const panel = new Store<{ open: boolean; tab: Tab; form?: Opened }>({
  open: matchMedia("(min-width: 900px)").matches,
  tab: "do",
});
let openings = 0;

export function usePanel() {
  return {
    ...useStore(panel),
    show,
    toggle: () => panel.set({ open: !panel.get().open }),
    close: () => panel.set({ open: false }),
  };
}

export const show = (tab: Tab) => panel.set({ open: true, tab });

/** Opens an operation's form in the Do tab; `undefined` goes back to the list. `values` prefill it, such as clusters for `mergeValues`. */
export function openForm(session: Session, operation: string | undefined, values: Record<string, unknown> = {}): void {
  session.store.set({ preview: undefined });
  panel.set(
    operation ? { open: true, tab: "do", form: { operation, values, number: ++openings } } : { form: undefined },
  );
}
