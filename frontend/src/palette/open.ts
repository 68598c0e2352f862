/** Whether the command palette is open, and where the focus was. */
import { Store } from "../parts/store";

export const palette = new Store<{ isOpen: boolean }>({ isOpen: false });
let before: Element | null = null;

export function openPalette(): void {
  if (palette.get().isOpen) return;
  before = document.activeElement;
  palette.set({ isOpen: true });
}

/** Closes it and puts the focus back where it was, before whatever was chosen runs. */
export function closePalette(): void {
  palette.set({ isOpen: false });
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  before = null;
}
