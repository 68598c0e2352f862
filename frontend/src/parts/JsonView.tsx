/** JSON as a tree that opens where somebody looks, and as much of it as was asked for. */
import { useState } from "react";
import { count, counted } from "./format";

const AT_ONCE = 100;
const OPEN_ENTRIES = 30;

export function JsonView({ value, label }: { value: unknown; label: string }) {
  return (
    <div className="json" role="region" aria-label={label} tabIndex={0}>
      <Value value={value} depth={0} />
    </div>
  );
}

function Value({ value, depth, name }: { value: unknown; depth: number; name?: string }) {
  const title = name === undefined ? null : <span className="json-name">{name}: </span>;
  if (typeof value !== "object" || value === null)
    return (
      <div className="json-line">
        {title}
        <span className={`json-${value === null ? "null" : typeof value}`}>{JSON.stringify(value)}</span>
      </div>
    );
  return <Branch value={value} depth={depth} title={title} />;
}

function Branch({ value, depth, title }: { value: object; depth: number; title: React.ReactNode }) {
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [isOpen, setOpen] = useState(depth === 0 || (depth === 1 && entries.length <= OPEN_ENTRIES));
  const [shown, setShown] = useState(AT_ONCE);
  if (entries.length === 0)
    return (
      <div className="json-line">
        {title}
        {isList ? "[]" : "{}"}
      </div>
    );
  return (
    <div>
      <button type="button" className="json-fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {title}
        <span className="json-count">{counted(entries.length, isList ? "entry" : "field")}</span>
      </button>
      {isOpen && (
        <div className="json-within">
          {entries.slice(0, shown).map(([name, each]) => (
            <Value key={name} name={name} value={each} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className="link" onClick={() => setShown(shown + 10 * AT_ONCE)}>
              and {count(entries.length - shown)} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}
