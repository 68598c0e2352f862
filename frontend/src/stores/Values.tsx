/** Values by key: read, written, removed. */
import { useEffect, useRef, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import { readValue, removeValue, type StoredValue, valueAddress, writeValue } from "../api/stores";
import { partitionName } from "../files/uploads";
import { bytes } from "../parts/format";
import { Bin, Download, UploadIcon } from "../parts/icons";
import { jsonProblem } from "../parts/items";
import { removeLater } from "../parts/later";
import { saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import { failed, toast } from "../parts/toasts";
import { areaAddress, navigate } from "../router";

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";

export function Values({ name }: { name: string }) {
  const [typed, setTyped] = useState(name);
  useEffect(() => setTyped(name), [name]);
  return (
    <section aria-labelledby="values">
      <div className="section-head">
        <h2 id="values">Values</h2>
        <span className="hint">
          One thing under a key: a text, a document, a picture. Who knows the key may read it
        </span>
      </div>
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (partitionName(typed)) navigate(areaAddress("stores", { key: partitionName(typed) }));
        }}
      >
        <input
          className="field"
          placeholder="settings/colours"
          aria-label="Key of a value"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button className="button" disabled={!partitionName(typed)}>
          Open or begin it
        </button>
      </form>
      {name && <UnderKey key={name} name={name} />}
    </section>
  );
}

function UnderKey({ name }: { name: string }) {
  const [value, setValue] = useState<StoredValue | null>();
  const [problem, setProblem] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const refused = whyReadOnly(useStore(account).me);
  const look = () =>
    readValue(name).then(
      (found) => setValue(found ?? null),
      (error: Error) => setProblem(error.message),
    );
  useEffect(() => void look(), [name]);
  const write = async (content: BodyInit, type: string) => {
    await writeValue(name, content, type);
    toast(`Kept under ${name}`);
    await look();
  };
  const remove = () => {
    const before = value;
    if (!before) return;
    setValue(null);
    removeLater(
      `Removed the value of ${name}`,
      (isLast) => void removeValue(name, before.etag, isLast).catch(failed),
      () => setValue(before),
    );
  };
  if (problem)
    return (
      <p className="problem" role="alert">
        {problem}
      </p>
    );
  if (value === undefined) return <div className="box skeleton" style={{ height: 220 }} aria-hidden />;
  const isText = value === null || value.text !== undefined;
  return (
    <div className="box value">
      <div className="value-head">
        <div>
          <strong>{name}</strong>
          <span className="hint">
            {value ? `${value.type.split(";")[0] ?? ""} · ${bytes(value.size)}` : "Nothing is kept under this key yet"}
          </span>
        </div>
        <span className="spring" />
        <button
          className="button"
          aria-label={value ? "Replace by a file" : "Keep a file"}
          disabled={!!refused}
          title={refused}
          onClick={() => input.current?.click()}
        >
          <UploadIcon />
          <span className="wide-only">{value ? "Replace by a file" : "Keep a file"}</span>
        </button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label="A file to keep under this key"
          onChange={(event) =>
            event.target.files?.[0] &&
            void write(event.target.files[0], event.target.files[0].type || "application/octet-stream").catch(failed)
          }
        />
        {value && (
          <>
            <button
              className="icon"
              aria-label={`Download ${name}`}
              title="Download"
              onClick={() => saveFrom(valueAddress(name), name.split("/").at(-1))}
            >
              <Download />
            </button>
            <button
              className="icon"
              aria-label={`Remove ${name}`}
              title={refused ?? "Remove"}
              disabled={!!refused}
              onClick={remove}
            >
              <Bin />
            </button>
          </>
        )}
      </div>
      {isText ? (
        <TextValue key={value?.etag ?? ""} value={value} write={write} refused={refused} />
      ) : (
        <p className="about">It is not text, or too much to be edited here. Download it to look at it.</p>
      )}
    </div>
  );
}

function TextValue({
  value,
  write,
  refused,
}: {
  value: StoredValue | null;
  write: (content: BodyInit, type: string) => Promise<void>;
  refused?: string;
}) {
  const [text, setText] = useState(value?.text ?? "");
  const [isJson, setJson] = useState(value === null || value.type.includes("json"));
  const [problem, setProblem] = useState<string>();
  const invalid = isJson && text !== "" ? jsonProblem(text) : undefined;
  const save = async () => {
    try {
      // A text of another kind, such as CSV, keeps that.
      await write(text, isJson ? JSON_TYPE : value && !value.type.includes("json") ? value.type : TEXT_TYPE);
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form
      className="link-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        className="field code"
        rows={8}
        spellCheck={false}
        aria-label="The value"
        aria-invalid={invalid ? true : undefined}
        readOnly={!!refused}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="value-foot">
        <label className="check">
          <input type="checkbox" checked={isJson} onChange={(event) => setJson(event.target.checked)} />
          It is JSON
        </label>
        <span className={invalid ? "problem" : "hint"} role="status">
          {invalid ? `Not JSON yet: ${invalid}` : isJson && text !== "" ? "Valid JSON" : ""}
        </span>
        <span className="spring" />
        <button
          className="button primary"
          disabled={!!refused || !!invalid || text === (value?.text ?? "")}
          title={refused}
        >
          Save
        </button>
      </div>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
