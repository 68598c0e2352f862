/** Files at paths: looked up, put in place of what is there, removed. */
import { useEffect, useRef, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import { deletePathFile, findPathFile, inAddress, type PathFile, putPathFile } from "../api/files";
import { ago, bytes, exactTime } from "../parts/format";
import { Bin, Download, UploadIcon } from "../parts/icons";
import { removeLater } from "../parts/later";
import { saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import { failed, toast } from "../parts/toasts";
import { areaAddress, navigate } from "../router";
import { OpenTable } from "./OpenTable";
import { isTable, partitionName } from "./uploads";

export function PathFiles({ path }: { path: string }) {
  const [typed, setTyped] = useState(path);
  useEffect(() => setTyped(path), [path]);
  return (
    <section aria-labelledby="paths">
      <div className="section-head">
        <h2 id="paths">Files at a path</h2>
        <span className="hint">
          Kept under a name that programs choose; the newest takes the place of the one before
        </span>
      </div>
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (partitionName(typed)) navigate(areaAddress("files", { path: partitionName(typed) }));
        }}
      >
        <input
          className="field"
          placeholder="models/new.bin"
          aria-label="Path of a file"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button className="button" disabled={!partitionName(typed)}>
          Look there
        </button>
      </form>
      {path && <AtPath key={path} path={path} />}
    </section>
  );
}

function AtPath({ path }: { path: string }) {
  const [found, setFound] = useState<PathFile | null>();
  const [problem, setProblem] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const refused = whyReadOnly(useStore(account).me);
  const look = () =>
    findPathFile(path).then(
      (file) => setFound(file ?? null),
      (error: Error) => setProblem(error.message),
    );
  useEffect(() => void look(), [path]);
  const put = async (file: File | undefined) => {
    if (!file) return;
    try {
      await putPathFile(path, file);
      toast(`${file.name} is stored at ${path}`);
      await look();
    } catch (error) {
      failed(error);
    }
  };
  const remove = () => {
    const before = found;
    if (!before) return;
    setFound(null);
    removeLater(
      `Removed the file at ${path}`,
      (isLast) => void deletePathFile(path, before.etag, isLast).catch(failed),
      () => setFound(before),
    );
  };
  if (problem)
    return (
      <p className="problem" role="alert">
        {problem}
      </p>
    );
  if (found === undefined) return <span className="skeleton" style={{ height: 46 }} />;
  return (
    <ul className="box rows">
      <li>
        <div className="main">
          <strong>{path}</strong>
          <span>
            {found ? (
              <>
                {bytes(found.size)} · {found.type.split(";")[0]}{" "}
                {found.modified !== undefined && <time title={exactTime(found.modified)}>· {ago(found.modified)}</time>}
              </>
            ) : (
              "No file is here yet"
            )}
          </span>
        </div>
        {found && isTable(path) && <OpenTable area="path" path={path} name={path} />}
        <button className="button" title={refused} disabled={!!refused} onClick={() => input.current?.click()}>
          <UploadIcon />
          {found ? "Replace" : "Store a file here"}
        </button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label="A file to store at this path"
          onChange={(event) => void put(event.target.files?.[0])}
        />
        {found && (
          <>
            <button
              className="icon"
              aria-label={`Download ${path}`}
              title="Download"
              onClick={() => saveFrom(`/fs/${inAddress(path)}`, path.split("/").at(-1))}
            >
              <Download />
            </button>
            <button
              className="icon"
              aria-label={`Remove ${path}`}
              title={refused ?? "Remove"}
              disabled={!!refused}
              onClick={remove}
            >
              <Bin />
            </button>
          </>
        )}
      </li>
    </ul>
  );
}
