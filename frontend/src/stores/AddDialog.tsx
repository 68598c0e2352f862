/** A new item: the fields that the others have, or JSON. */
import { useState } from "react";
import { addItems } from "../api/stores";
import { Dialog } from "../parts/Dialog";
import { counted } from "../parts/format";
import { filled, type Item, itemsOf } from "../parts/items";
import { columnsOf } from "../parts/records";
import { toast } from "../parts/toasts";

export function AddDialog({
  name,
  items,
  done,
  close,
}: {
  name: string;
  items: Item[];
  done: () => Promise<void>;
  close: () => void;
}) {
  const [isJson, setJson] = useState(false);
  const [fields, setFields] = useState<[string, string][]>(() => {
    const seen = columnsOf(items)
      .map((column) => column.name)
      .filter((each) => each !== "id");
    return (seen.length > 0 ? seen : [""]).map((each) => [each, ""]);
  });
  const known = columnsOf(items).length > 0 ? columnsOf(items).length - 1 : 0;
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const set = (at: number, field: [string, string]) =>
    setFields(fields.map((each, index) => (index === at ? field : each)));
  const add = async () => {
    try {
      const made = isJson ? itemsOf(text) : [filled(fields)];
      if (Object.keys(made[0] ?? {}).length === 0) throw new Error("Fill at least one field with a name and a value.");
      await addItems(name, made);
      toast(`Added ${counted(made.length, "item")}`);
      close();
      await done();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Dialog title={`Add to ${name}`} close={close}>
      <form
        className="link-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        {isJson ? (
          <label className="form-row">
            <span>One item, or several in an array</span>
            <textarea
              className="field code"
              rows={8}
              spellCheck={false}
              placeholder={'{"title": "Alien", "year": 1979}'}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
        ) : (
          <div className="pairs">
            {fields.map(([field, value], at) => (
              <div key={at} className="pair">
                {at < known ? (
                  <label htmlFor={`field-${at}`}>{field}</label>
                ) : (
                  <input
                    className="field"
                    aria-label={`Name of field ${at + 1}`}
                    placeholder="field"
                    value={field}
                    onChange={(event) => set(at, [event.target.value, value])}
                  />
                )}
                <input
                  id={`field-${at}`}
                  className="field"
                  aria-label={at < known ? undefined : `Value of field ${at + 1}`}
                  placeholder="value"
                  value={value}
                  onChange={(event) => set(at, [field, event.target.value])}
                />
              </div>
            ))}
            <button type="button" className="button quiet" onClick={() => setFields([...fields, ["", ""]])}>
              Another field
            </button>
          </div>
        )}
        <label className="check">
          <input
            type="checkbox"
            checked={isJson}
            onChange={(event) => {
              if (event.target.checked && text === "") setText(JSON.stringify(filled(fields), null, 2));
              setJson(event.target.checked);
            }}
          />
          Write it as JSON
        </label>
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <button className="button primary">Add</button>
      </form>
    </Dialog>
  );
}
