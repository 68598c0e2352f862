/** Removing with a way back: hidden at once, done when the note with Undo has gone or the page goes. */
import { Later } from "./items";
import { toast } from "./toasts";

const later = new Later();
addEventListener("pagehide", () => later.flush());

const SECONDS = 8; // a second longer than the note stands

/** Say `words` with Undo, and `run` it unless that is pressed; `isLast` when the page is going away. */
export function removeLater(words: string, run: (isLast: boolean) => void, undo: () => void): void {
  const takeBack = later.in(SECONDS, run);
  toast(words, {
    action: {
      label: "Undo",
      run: () => {
        takeBack();
        undo();
      },
    },
  });
}
