/** An expression, with names completed and the functions' help beside it. */
import { useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import {
  type Completion,
  complete,
  completions,
  type ExpressionFunction,
  functionAround,
  WHOLE_COLUMN,
} from "./expression";

interface Props {
  id: string;
  name: string;
  value: string;
  columns: string[];
  functions: ExpressionFunction[];
  change: (value: string) => void;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

export function Expression({ id, name, value, columns, functions, change, ...aria }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(value.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [search, setSearch] = useState("");
  const list = useId();
  const all = [...functions, ...WHOLE_COLUMN];
  const found = isOpen ? completions(value, caret, columns, all) : [];
  const help = functionAround(value, caret, all);

  const insert = (chosen: Completion) => {
    const next = complete(value, caret, chosen);
    // The text stands in the field and the caret behind it before the next key comes: put there a frame later, it would
    // jump back over what a fast writer has typed meanwhile.
    flushSync(() => {
      change(next.text);
      setOpen(false);
      setActive(-1);
      setCaret(next.caret);
    });
    field.current?.focus();
    field.current?.setSelectionRange(next.caret, next.caret);
  };

  const onKey = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (found.length > 0 && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + found.length + (active < 0 && step < 0 ? 1 : 0)) % found.length);
    } else if (
      found.length > 0 &&
      (event.key === "Tab" || event.key === "Enter") &&
      (active >= 0 || event.key === "Tab") &&
      !event.shiftKey
    ) {
      event.preventDefault();
      insert(found[Math.max(active, 0)]!);
    } else if (event.key === "Escape" && found.length > 0) {
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      event.currentTarget.form?.requestSubmit();
    }
  };

  const listed = all.filter((each) =>
    `${each.usage} ${each.summary}`.toLowerCase().includes(search.trim().toLowerCase()),
  );
  return (
    <div className="expression">
      <textarea
        {...aria}
        ref={field}
        id={id}
        name={name}
        className="field code"
        rows={4}
        spellCheck={false}
        placeholder={'"Net Price" * 1.19'}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 && found[active] ? `${list}-${active}` : undefined}
        value={value}
        onChange={(event) => {
          change(event.target.value);
          setCaret(event.target.selectionStart);
          setOpen(true);
          setActive(-1);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKey}
      />
      <ul
        id={list}
        className="completions"
        role="listbox"
        aria-label="What could stand here"
        hidden={found.length === 0}
      >
        {found.map((each, at) => (
          <li
            key={each.text}
            id={`${list}-${at}`}
            role="option"
            aria-selected={at === active}
            onMouseDown={(event) => {
              event.preventDefault();
              insert(each);
            }}
          >
            <code>{each.text}</code>
            <span>{each.help}</span>
          </li>
        ))}
      </ul>
      {help && (
        <p className="hint" role="status">
          <code>{help.usage}</code> {help.summary}
        </p>
      )}
      <details className="help">
        <summary>Functions and signs</summary>
        <p className="hint">
          <code>+ - * / %</code>, <code>||</code> puts texts together, <code>= &lt;&gt; &lt; &gt;</code>,{" "}
          <code>AND OR NOT</code>, <code>IN (…)</code>, <code>LIKE</code>, <code>IS NULL</code>,{" "}
          <code>CASE WHEN … THEN … ELSE … END</code>. Names with blanks stand between double quotes, text between single
          ones.
        </p>
        <input
          className="field"
          type="search"
          aria-label="Find a function"
          placeholder="Find a function"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
        <dl className="functions">
          {listed.map((each) => (
            <div key={each.usage}>
              <dt>
                <button
                  type="button"
                  className="code"
                  onClick={() => insert({ text: `${each.usage.split("(")[0]}(`, kind: "function", help: "" })}
                >
                  {each.usage}
                </button>
              </dt>
              <dd>{each.summary}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  );
}
