/** Short notes of what happened, in words, with the way back. */

import { Close } from "./icons";
import { Store, useStore } from "./store";

interface Note {
  id: number;
  text: string;
  tone: "done" | "failed" | "news";
  action?: { label: string; run: () => void };
}

const store = new Store<{ notes: Note[] }>({ notes: [] });
let counter = 0;
const SECONDS = { done: 7, news: 6, failed: 12 };

export function dismiss(id: number): void {
  store.set({ notes: store.get().notes.filter((note) => note.id !== id) });
}

export function toast(text: string, about: { tone?: Note["tone"]; action?: Note["action"] } = {}): void {
  const note: Note = { id: ++counter, text, tone: about.tone ?? "done", action: about.action };
  store.set({ notes: [...store.get().notes.slice(-2), note] });
  setTimeout(() => dismiss(note.id), SECONDS[note.tone] * 1000);
}

export const failed = (error: unknown) =>
  toast(error instanceof Error ? error.message : String(error), { tone: "failed" });

export function Toasts() {
  const { notes } = useStore(store);
  return (
    <section className="toasts" aria-live="polite" aria-label="What happened">
      {notes.map((note) => (
        <div key={note.id} className={`toast ${note.tone}`}>
          <span>{note.text}</span>
          {note.action && (
            <button
              className="link"
              onClick={() => {
                dismiss(note.id);
                note.action?.run();
              }}
            >
              {note.action.label}
            </button>
          )}
          <button className="icon small" aria-label="Close this note" onClick={() => dismiss(note.id)}>
            <Close />
          </button>
        </div>
      ))}
    </section>
  );
}
