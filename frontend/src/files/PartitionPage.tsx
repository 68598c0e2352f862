/** One partition: what is in it, and files on their way into it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { account, whyReadOnly } from "../api/account";
import { listPartition, type PartitionFile, type PartitionListing } from "../api/files";
import { ago, bytes, counted, exactTime } from "../parts/format";
import { Copy, Download, Files, UploadIcon } from "../parts/icons";
import { Link } from "../parts/Link";
import { copyText, saveFrom } from "../parts/save";
import { useStore } from "../parts/store";
import { areaAddress } from "../router";
import { RowsSkeleton } from "./Offered";
import { OpenTable } from "./OpenTable";
import { NameForm } from "./PartitionList";
import { Uploads } from "./Uploads";
import { send, uploads } from "./uploading";
import { curlLine, isTable } from "./uploads";
import { useDrop } from "./useDrop";

export function PartitionPage({ partition }: { partition: string }) {
  const [listing, setListing] = useState<PartitionListing>();
  const [problem, setProblem] = useState<string>();
  const { all } = useStore(uploads);
  const stored = all.filter((each) => each.partition === partition && each.state === "done").length;
  const look = useCallback(() => {
    listPartition(partition).then(
      (found) => {
        setListing(found);
        setProblem(undefined);
      },
      (error: Error) => setProblem(error.message),
    );
  }, [partition]);
  useEffect(look, [look, stored]); // anew with each file that has arrived
  return (
    <main className="area files">
      <header className="area-head">
        <Trail partition={partition} />
        <p>Whoever knows its name may add files and fetch them. None is ever overwritten.</p>
      </header>
      {problem ? (
        <div className="box empty" role="alert">
          <strong>This partition cannot be opened</strong>
          <p className="problem">{problem}</p>
          <Link className="button" href={areaAddress("files")}>
            To all files
          </Link>
        </div>
      ) : (
        <>
          <DropArea partition={partition} />
          <Uploads partition={partition} />
          <Contents listing={listing} />
          <FromTerminal partition={partition} />
        </>
      )}
    </main>
  );
}

function Trail({ partition }: { partition: string }) {
  const parts = partition.split("/");
  return (
    <h1 className="trail">
      <Link href={areaAddress("files")}>Files</Link>
      {parts.map((part, at) => (
        <span key={at}>
          <i aria-hidden>/</i>
          {at < parts.length - 1 ? (
            <Link href={areaAddress("files", { partition: parts.slice(0, at + 1).join("/") })}>{part}</Link>
          ) : (
            part
          )}
        </span>
      ))}
    </h1>
  );
}

function DropArea({ partition }: { partition: string }) {
  const input = useRef<HTMLInputElement>(null);
  const refused = whyReadOnly(useStore(account).me);
  const isOver = useDrop((files) => refused === undefined && send(files, partition));
  return (
    <>
      <button className={isOver ? "drop over" : "drop"} disabled={!!refused} onClick={() => input.current?.click()}>
        <UploadIcon />
        <strong>{isOver ? "Let go to store them here" : "Drop files anywhere, or choose some"}</strong>
        <span>{refused ?? "Big ones can be paused, and go on after the connection broke"}</span>
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to store"
        onChange={(event) => {
          send([...(event.target.files ?? [])], partition);
          event.target.value = ""; // so that the same file can be chosen again
        }}
      />
    </>
  );
}

function Contents({ listing }: { listing?: PartitionListing }) {
  if (!listing) return <RowsSkeleton />;
  const { files, partitions, partition } = listing;
  return (
    <section aria-labelledby="contents">
      <h2 id="contents">
        {files.length === 0 && partitions.length === 0 ? "Nothing here yet" : counted(files.length, "file")}
      </h2>
      {(files.length > 0 || partitions.length > 0) && (
        <ul className="box rows">
          {partitions.map((name) => (
            <li key={`${name}/`} className="folder">
              <Link href={areaAddress("files", { partition: `${partition}/${name}` })}>
                <Files />
                {name}
              </Link>
            </li>
          ))}
          {files.map((file) => (
            <FileRow key={file.name} partition={partition} file={file} />
          ))}
        </ul>
      )}
      <NameForm within={partition} />
    </section>
  );
}

function FileRow({ partition, file }: { partition: string; file: PartitionFile }) {
  const address = location.origin + file.address;
  return (
    <li>
      <div className="main">
        <strong>
          <a href={file.address} target="_blank" rel="noreferrer">
            {file.name}
          </a>
        </strong>
        <span>
          {bytes(file.size)} · <time title={exactTime(file.modified)}>{ago(file.modified)}</time>
        </span>
      </div>
      {isTable(file.name) && <OpenTable area="partition" path={`${partition}/${file.name}`} name={file.name} />}
      <button
        className="icon"
        aria-label={`Copy the address of ${file.name}`}
        title="Copy its address"
        onClick={() => void copyText(address, "The address is copied")}
      >
        <Copy />
      </button>
      <button
        className="icon"
        aria-label={`Download ${file.name}`}
        title="Download"
        onClick={() => saveFrom(file.address, file.name)}
      >
        <Download />
      </button>
    </li>
  );
}

function FromTerminal({ partition }: { partition: string }) {
  const { me } = useStore(account);
  const line =
    curlLine(location.origin, partition) + (me && !me.open ? ' -H "Authorization: Bearer $LONGSHORE_TOKEN"' : "");
  return (
    <section aria-labelledby="terminal">
      <h2 id="terminal">From a terminal</h2>
      <div className="with-button">
        <pre className="code" tabIndex={0}>
          {line}
        </pre>
        <button className="button" onClick={() => void copyText(line, "The line is copied")}>
          <Copy />
          Copy
        </button>
      </div>
    </section>
  );
}
