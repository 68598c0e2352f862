/** The dataset's name, which is changed where it stands. */
import { useRef, useState } from "react";
import { failed } from "../parts/toasts";
import type { Session } from "./session";

export function DatasetName({ session, name }: { session: Session; name: string }) {
  const [isEditing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isOver = useRef(false);
  const end = (typed?: string) => {
    // Leaving the field with a key takes it away, and that blurs it once more.
    if (isOver.current) return;
    isOver.current = true;
    setEditing(false);
    if (typed !== undefined && typed.trim() !== "" && typed.trim() !== name) session.rename(typed).catch(failed);
  };
  const endWithKey = (typed?: string) => {
    end(typed);
    requestAnimationFrame(() => button.current?.focus());
  };
  if (!isEditing)
    return (
      <h1>
        <button
          ref={button}
          className="dataset-name"
          title={`${name} (click to rename)`}
          aria-label={`${name}, rename`}
          onClick={() => {
            isOver.current = false;
            setEditing(true);
          }}
        >
          {name}
        </button>
      </h1>
    );
  return (
    <input
      className="field dataset-name-field"
      aria-label="Name of this table"
      defaultValue={name}
      maxLength={500}
      autoFocus
      autoComplete="off"
      spellCheck={false}
      style={{ width: `${Math.max(16, Math.min(60, name.length + 4))}ch` }}
      // The name without its ending is what people change.
      onFocus={(event) => event.target.setSelectionRange(0, name.replace(/\.[^.]{1,8}$/, "").length)}
      onBlur={(event) => end(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") endWithKey(event.currentTarget.value);
        else if (event.key === "Escape") endWithKey();
      }}
    />
  );
}
