/** What this server hands out and takes in. */
import { useEffect } from "react";
import { Link } from "../parts/Link";
import { areaAddress } from "../router";
import { Offered } from "./Offered";
import { PartitionList } from "./PartitionList";
import { PartitionPage } from "./PartitionPage";
import { PathFiles } from "./PathFiles";
import "../styles/places.css";
import "./files.css";

export default function FilesPage({ query }: { query: URLSearchParams }) {
  const partition = query.get("partition") ?? "";
  useEffect(() => {
    document.title = partition ? `${partition} · Longshore` : "Files · Longshore";
  }, [partition]);
  if (partition) return <PartitionPage key={partition} partition={partition} />;
  return (
    <main className="area files">
      <header className="area-head">
        <h1>Files</h1>
        <p>
          What this server hands out and takes in. A table on your own computer is opened{" "}
          <Link href={areaAddress("datasets")}>on the first page</Link>.
        </p>
      </header>
      <Offered />
      <PartitionList />
      <PathFiles path={query.get("path") ?? ""} />
    </main>
  );
}
