/** Everything that can be done or gone to, by a few letters. */
import { Dialog as Radix } from "radix-ui";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { grouped } from "../dataset/panel/fitting";
import { SearchIcon } from "../parts/icons";
import { type Command, collect } from "./commands";
import { afterClosing, closePalette } from "./open";
import { type Found, rank } from "./ranking";
import "./palette.css";

/** What is drawn of a search; and of each heading while nothing is searched. */
const MOST = 80;
const MOST_OF_GROUP = 24;

export default function Palette() {
  const [commands, setCommands] = useState<Command[]>([]);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => collect(setCommands), []);

  const found = useMemo(() => {
    const ranked = rank(query, commands, (command) => [
      command.title,
      `${command.words ?? ""} ${command.group}`,
      command.line ?? "",
    ]).map((each) => ({ ...each, group: each.item.group }));
    // The heading with the best match comes first, and under each the best one.
    if (query.trim() !== "") return grouped(ranked.slice(0, MOST));
    return grouped(ranked).map(([group, members]): [string, typeof members] => [
      group,
      members.slice(0, MOST_OF_GROUP),
    ]);
  }, [commands, query]);
  const flat = found.flatMap(([, members]) => members);
  const chosen = flat[Math.min(active, flat.length - 1)];
  const idOf = (each: Found<Command>) => `${list}-${flat.findIndex((other) => other.item.id === each.item.id)}`;

  useEffect(() => {
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, query, commands.length]);

  const run = (command: Command | undefined) => {
    if (command) closePalette(command.run);
  };
  const onKey = (event: React.KeyboardEvent) => {
    const last = flat.length - 1;
    const at = Math.min(active, last);
    const next = {
      ArrowDown: at >= last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      PageDown: Math.min(last, at + 8),
      PageUp: Math.max(0, at - 8),
    }[event.key];
    if (next !== undefined) setActive(Math.max(0, next));
    else if (event.key === "Enter") run(chosen?.item);
    else return;
    event.preventDefault();
  };

  return (
    <Radix.Root open onOpenChange={(open) => !open && closePalette()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content
          className="palette"
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            afterClosing();
          }}
        >
          <Radix.Title className="sr-only">Commands</Radix.Title>
          <div className="palette-head">
            <SearchIcon />
            <input
              type="text"
              role="combobox"
              aria-expanded={flat.length > 0}
              aria-controls={list}
              aria-autocomplete="list"
              aria-activedescendant={chosen ? idOf(chosen) : undefined}
              aria-label="What do you want to do?"
              placeholder="Do something, or go somewhere"
              autoComplete="off"
              spellCheck={false}
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                setActive(0);
              }}
              onKeyDown={onKey}
            />
            <kbd>Esc</kbd>
          </div>
          <div ref={box} id={list} role="listbox" aria-label="Commands" className="palette-list" tabIndex={-1}>
            {found.map(([group, members]) => (
              <div key={group} role="group" aria-label={group}>
                <p className="palette-group" aria-hidden>
                  {group}
                </p>
                {members.map((each) => (
                  <div
                    key={each.item.id}
                    id={idOf(each)}
                    role="option"
                    aria-selected={each.item.id === chosen?.item.id}
                    className="palette-item"
                    onMouseMove={() => setActive(flat.findIndex((other) => other.item.id === each.item.id))}
                    onClick={() => run(each.item)}
                  >
                    <span className="palette-title">
                      <Marked text={each.item.title} marks={each.marks} />
                    </span>
                    {each.item.line && <span className="palette-line">{each.item.line}</span>}
                    {each.item.keys && <kbd>{each.item.keys}</kbd>}
                  </div>
                ))}
              </div>
            ))}
          </div>
          {flat.length === 0 && <p className="palette-none">Nothing is called so. Fewer letters find more.</p>}
          <p className="sr-only" role="status">
            {flat.length === 1 ? "1 command" : `${flat.length} commands`}
          </p>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Marked({ text, marks }: { text: string; marks: number[] }) {
  if (marks.length === 0) return text;
  const at = new Set(marks);
  return [...text].map((letter, index) => (at.has(index) ? <mark key={index}>{letter}</mark> : letter));
}
