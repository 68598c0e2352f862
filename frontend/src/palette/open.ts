/** Whether the command palette is open, and where the focus was. */
import { Store } from "../parts/store";

export const palette = new Store<{ isOpen: boolean }>({ isOpen: false });
let before: Element | null = null;
let chosen: (() => void) | undefined;

export function openPalette(): void {
  if (palette.get().isOpen) return;
  before = document.activeElement;
  palette.set({ isOpen: true });
}

/** Closes it; what was chosen runs once it is gone. */
export function closePalette(run?: () => void): void {
  chosen = run;
  palette.set({ isOpen: false });
}

/** Puts the focus back where it was, and then lets what was chosen take it; only now does nothing hold it any more. */
export function afterClosing(): void {
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  before = null;
  const run = chosen;
  chosen = undefined;
  run?.();
}
