/** Keys that work anywhere on a dataset's page. */
import { useEffect } from "react";
import type { Session } from "./session";

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

export function useKeys(session: Session): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        isTyping(event.target) &&
        !(event.target as HTMLInputElement).readOnly &&
        (event.target as HTMLInputElement).type !== "checkbox"
      )
        return;
      const isCommand = event.ctrlKey || event.metaKey;
      if (isCommand && event.key.toLowerCase() === "z") void (event.shiftKey ? session.redo() : session.undo());
      else if (isCommand && event.key.toLowerCase() === "y") void session.redo();
      else if (event.key === "/" && !isCommand) document.getElementById("search")?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [session]);
}
