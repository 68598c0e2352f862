/** A result or inputs, each kind of value in its own way. */
import { lazy, Suspense, useEffect, useState } from "react";
import { bytes, statistic } from "../parts/format";
import { Download, Share, TableIcon } from "../parts/icons";
import { JsonView } from "../parts/JsonView";
import { Link } from "../parts/Link";
import { RecordsTable } from "../parts/RecordsTable";
import { humanise } from "../parts/schema";
import { datasetAddress } from "../router";
import { ResultTable } from "./ResultTable";
import { type Found, type Reference, referenceOf } from "./results";

const ChartView = lazy(() => import("../dataset/ChartView"));
const CHART_HEIGHT = 360;

interface Props {
  found: Found;
  label: string;
  /** Under which name a table of it is opened as a dataset; without one it is only shown. */
  opensAs?: string;
}

export function FoundView({ found, label, opensAs }: Props) {
  switch (found.kind) {
    case "nothing":
    case "list":
      return (
        <p className="about">
          <Plain found={found} />
        </p>
      );
    case "value":
      return <Single value={found.value} />;
    case "text":
      return (
        <pre className="code text-result" tabIndex={0}>
          {found.text}
        </pre>
      );
    case "chart":
      return (
        <div className="box chart-box">
          <Suspense fallback={<div style={{ minHeight: CHART_HEIGHT }} />}>
            <ChartView spec={found.spec} height={CHART_HEIGHT} label={label} />
          </Suspense>
        </div>
      );
    case "table":
      return opensAs === undefined ? (
        <RecordsTable records={found.records} label={label} />
      ) : (
        <ResultTable records={found.records} label={label} name={opensAs} />
      );
    case "named":
      return <Named entries={found.entries} opensAs={opensAs} />;
    default:
      return <JsonView value={found.value} label={label} />;
  }
}

/** Plain values as a list of names and values, then all others, each under its name. */
function Named({ entries, opensAs }: { entries: { name: string; found: Found }[]; opensAs?: string }) {
  const isPlain = ({ found }: { found: Found }) => ["value", "list", "nothing"].includes(found.kind);
  const plain = entries.filter(isPlain);
  const others = entries.filter((each) => !isPlain(each));
  return (
    <div className="named">
      {plain.length > 0 && (
        <dl className="box values">
          {plain.map(({ name, found }) => (
            <div key={name}>
              <dt title={name}>{humanise(name)}</dt>
              <dd>
                <Plain found={found} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {others.map(({ name, found }) => (
        <section key={name}>
          <h3 title={name}>{humanise(name)}</h3>
          <FoundView
            found={found}
            label={humanise(name)}
            opensAs={opensAs === undefined ? undefined : `${opensAs}-${name}`}
          />
        </section>
      ))}
    </div>
  );
}

function Plain({ found }: { found: Found }) {
  if (found.kind === "value") return <Value value={found.value} />;
  if (found.kind === "list" && found.values.length > 0)
    return found.values.map((each) => (typeof each === "number" ? statistic(each) : String(each))).join(", ");
  return <span className="about">{found.kind === "list" ? "empty" : "none"}</span>;
}

function Single({ value }: { value: string | number | boolean }) {
  const reference = typeof value === "string" ? referenceOf(value, location.origin) : undefined;
  if (reference) return <ReferenceView to={reference} />;
  return <p className="box single">{typeof value === "number" ? statistic(value) : <Value value={value} />}</p>;
}

function Value({ value }: { value: string | number | boolean }) {
  const reference = typeof value === "string" ? referenceOf(value, location.origin) : undefined;
  if (reference) return <ReferenceView to={reference} />;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return <span title={String(value)}>{statistic(value)}</span>;
  return value === "" ? <span className="about">empty</span> : value;
}

export function ReferenceView({ to }: { to: Reference }) {
  switch (to.kind) {
    case "dataset":
      return (
        <Link className="button" href={datasetAddress(to.id)}>
          <TableIcon />
          Open the dataset
        </Link>
      );
    case "file":
      return <FileLink address={to.address} name={to.name} />;
    default:
      return (
        <a className="page-link" href={to.address} rel="noreferrer" target="_blank">
          <Share />
          {to.address}
        </a>
      );
  }
}

/** A file that the server hands out; asking for its head uses no link up. */
function FileLink({ address, name }: { address: string; name?: string }) {
  const [head, setHead] = useState<{ name?: string; size?: number; isGone?: boolean }>();
  useEffect(() => {
    let isCurrent = true;
    fetch(address, { method: "HEAD" }).then(
      (answer) =>
        isCurrent &&
        setHead(
          answer.ok
            ? {
                name: fileNameIn(answer.headers.get("Content-Disposition")),
                size: Number(answer.headers.get("Content-Length")) || undefined,
              }
            : { isGone: true },
        ),
      () => isCurrent && setHead({}), // the download itself will say what is wrong
    );
    return () => {
      isCurrent = false;
    };
  }, [address]);
  const shown = head?.name ?? name;
  if (head?.isGone) return <span className="about">{shown ?? "A file"}: its link was used or has expired</span>;
  return (
    <a className="button file-link" href={address} download={shown ?? ""}>
      <Download />
      <span>{shown ?? "Download the file"}</span>
      {head?.size !== undefined && <span className="about">{bytes(head.size)}</span>}
    </a>
  );
}

/** The name in a `Content-Disposition`, the one with all its letters first. */
function fileNameIn(header: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "")?.[1];
  if (encoded) return decodeURIComponent(encoded);
  return /filename="?([^";]+)"?/i.exec(header ?? "")?.[1];
}
