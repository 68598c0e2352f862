/** Files on offer: each can be given an address of its own, or opened as a table. */
import { useEffect, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import { describeOffered, listOffered, makeLink, type OfferedFile } from "../api/files";
import { ago, bytes, counted, exactTime } from "../parts/format";
import { Download, Share } from "../parts/icons";
import { saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import { failed } from "../parts/toasts";
import { LinkDialog } from "./LinkDialog";
import { OpenTable } from "./OpenTable";
import { isTable } from "./uploads";

const AT_ONCE = 50;

export function Offered() {
  const [keys, setKeys] = useState<string[]>();
  const [problem, setProblem] = useState<string>();
  const [sought, setSought] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const [linking, setLinking] = useState<string>();
  useEffect(() => {
    listOffered().then(setKeys, (error: Error) => setProblem(error.message));
  }, []);
  const found = keys?.filter((key) => key.toLowerCase().includes(sought.trim().toLowerCase()));
  return (
    <section aria-labelledby="on-offer">
      <div className="section-head">
        <h2 id="on-offer">On offer</h2>
        {keys && keys.length > 0 && <span className="hint">{counted(keys.length, "file")}</span>}
        <span className="spring" />
        {keys && keys.length > 8 && (
          <input
            className="field seek"
            type="search"
            placeholder="Find a file"
            aria-label="Find a file on offer"
            value={sought}
            onChange={(event) => setSought(event.target.value)}
          />
        )}
      </div>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {!keys && !problem && <RowsSkeleton />}
      {keys?.length === 0 && (
        <div className="box empty">
          <strong>Nothing is on offer yet</strong>
          <p>
            Put files into the folder that the setting <code>FILES_ROOT</code> names; without it, into{" "}
            <code>files</code> in the server’s storage folder. They appear here, and each can be handed out by a link
            that works once.
          </p>
        </div>
      )}
      {found && found.length > 0 && (
        <ul className="box rows">
          {found.slice(0, most).map((key) => (
            <Row key={key} name={key} link={() => setLinking(key)} />
          ))}
        </ul>
      )}
      {keys && keys.length > 0 && found?.length === 0 && <p className="hint">No file’s name has “{sought}” in it.</p>}
      {found && found.length > most && (
        <button className="button" onClick={() => setMost(most + AT_ONCE)}>
          Show more ({counted(found.length - most, "other file")})
        </button>
      )}
      {linking !== undefined && <LinkDialog name={linking} close={() => setLinking(undefined)} />}
    </section>
  );
}

function Row({ name, link }: { name: string; link: () => void }) {
  const [about, setAbout] = useState<OfferedFile>();
  const [problem, setProblem] = useState<string>();
  const refused = whyReadOnly(useStore(account).me);
  useEffect(() => {
    describeOffered(name).then(setAbout, (error: Error) => setProblem(error.message));
  }, [name]);
  const download = () =>
    makeLink(name, { once: true, seconds: 3600, download: true }).then((address) => saveFrom(address), failed);
  return (
    <li>
      <div className="main">
        <strong>{name}</strong>
        {about ? (
          <span>
            {bytes(about.size)} · {about.content_type.split(";")[0]} ·{" "}
            <time title={exactTime(about.modified)}>{ago(about.modified)}</time>
          </span>
        ) : (
          <span className={problem ? "problem" : undefined}>{problem ?? "…"}</span>
        )}
      </div>
      {isTable(name) && <OpenTable area="offered" path={name} name={name} />}
      <button
        className="button"
        aria-label={`Make a link to ${name}`}
        title={refused ?? "Make an address that works once or for some time"}
        disabled={!!refused}
        onClick={link}
      >
        <Share />
        <span className="wide-only">Make a link</span>
      </button>
      <button
        className="icon"
        aria-label={`Download ${name}`}
        title={refused ?? "Download"}
        disabled={!!refused}
        onClick={() => void download()}
      >
        <Download />
      </button>
    </li>
  );
}

export function RowsSkeleton({ rows = 3 }: { rows?: number }) {
  return (
    <ul className="box rows" aria-hidden>
      {Array.from({ length: rows }, (_, at) => (
        <li key={at}>
          <span className="skeleton" style={{ width: `${34 - 6 * at}%`, height: 14 }} />
        </li>
      ))}
    </ul>
  );
}
