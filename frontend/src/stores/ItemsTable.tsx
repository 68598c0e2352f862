/** Items as a table: cells are edited in place, rows chosen with their boxes. */
import { useMemo, useRef, useState } from "react";
import { change, editable, type Item } from "../parts/items";
import { columnsOf, shown } from "../parts/records";
import { TextInput } from "../parts/TextInput";

interface Props {
  items: Item[];
  chosen: ReadonlySet<number>;
  choose: (ids: ReadonlySet<number>) => void;
  edit: (id: number, changes: Record<string, unknown>) => Promise<void>;
  readOnly: boolean;
}
interface Place {
  id: number;
  field: string;
}

/** Keys that move in the table: columns to the right, rows down. */
const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function ItemsTable({ items, chosen, choose, edit, readOnly }: Props) {
  const columns = useMemo(() => columnsOf(items, ["id"]), [items]);
  const [editing, setEditing] = useState<Place>();
  const body = useRef<HTMLTableSectionElement>(null);
  const all = items.length > 0 && items.every((item) => chosen.has(item.id));
  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    choose(next);
  };
  const move = (event: React.KeyboardEvent<HTMLTableSectionElement>) => {
    const cell = event.target;
    if (!(cell instanceof HTMLTableCellElement)) return; // in an editor or a box
    const step = STEPS[event.key];
    if (!step) return;
    const [right, down] = step;
    event.preventDefault();
    const row = body.current?.rows[(cell.parentElement as HTMLTableRowElement).sectionRowIndex + down];
    row?.cells[Math.max(1, cell.cellIndex + right)]?.focus();
  };
  return (
    <div className="records items" role="region" aria-label="Items" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Choose all items on this page"
                checked={all}
                disabled={readOnly}
                onChange={() => choose(all ? new Set() : new Set(items.map((item) => item.id)))}
              />
            </th>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.isNumeric ? "number" : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={move}>
          {items.map((item) => (
            <tr key={item.id} className={chosen.has(item.id) ? "chosen" : undefined}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Choose item ${item.id}`}
                  checked={chosen.has(item.id)}
                  disabled={readOnly}
                  onChange={() => toggle(item.id)}
                />
              </td>
              {columns.map(({ name, isNumeric }) => (
                <Cell
                  key={name}
                  item={item}
                  field={name}
                  isNumeric={isNumeric}
                  isEditing={editing?.id === item.id && editing.field === name}
                  begin={readOnly || name === "id" ? undefined : () => setEditing({ id: item.id, field: name })}
                  end={() => setEditing(undefined)}
                  edit={edit}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  item: Item;
  field: string;
  isNumeric: boolean;
  isEditing: boolean;
  begin?: () => void;
  end: () => void;
  edit: Props["edit"];
}

function Cell({ item, field, isNumeric, isEditing, begin, end, edit }: CellProps) {
  const cell = useRef<HTMLTableCellElement>(null);
  const value = item[field];
  const close = () => {
    end();
    setTimeout(() => cell.current?.focus()); // once the editor is gone
  };
  if (isEditing)
    return (
      <td ref={cell} tabIndex={-1} className="editing">
        <Editor field={field} text={editable(value)} save={(text) => saveCell(item, field, text, edit)} close={close} />
      </td>
    );
  const isMissing = value === null || value === undefined;
  return (
    <td
      ref={cell}
      tabIndex={-1 + Number(field === "id" || begin !== undefined)}
      className={isNumeric ? "number" : undefined}
      title={begin ? "Double-click or Enter to edit" : undefined}
      onDoubleClick={begin}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !begin) return;
        event.preventDefault();
        begin();
      }}
    >
      {isMissing ? <span className="missing">•</span> : shown(value)}
    </td>
  );
}

async function saveCell(item: Item, field: string, text: string, edit: Props["edit"]): Promise<void> {
  const changes = change(item, field, text);
  if (changes) await edit(item.id, changes);
}

function Editor({
  field,
  text,
  save,
  close,
}: {
  field: string;
  text: string;
  save: (text: string) => Promise<void>;
  close: () => void;
}) {
  const [typed, setTyped] = useState(text);
  const [problem, setProblem] = useState<string>();
  // Leaving the page, an input loses the focus: that must not save again, nor what was just thrown away.
  const isOver = useRef(false);
  const finish = async () => {
    if (isOver.current) return;
    isOver.current = true;
    try {
      await save(typed);
      close();
    } catch (error) {
      isOver.current = false;
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      <TextInput
        value={typed}
        change={setTyped}
        enter={() => void finish()}
        label={`${field}, edited`}
        invalid={problem !== undefined}
        autoFocus
        selectAll
        onBlur={() => problem === undefined && void finish()}
        onEscape={() => {
          isOver.current = true;
          close();
        }}
      />
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
