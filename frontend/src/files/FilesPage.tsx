/** What this server hands out and takes in. */
import { useEffect } from "react";
import "./files.css";

export default function FilesPage({ query }: { query: URLSearchParams }) {
  useEffect(() => {
    document.title = "Files · Longshore";
  }, []);
  return (
    <main className="area files" data-query={query.toString()}>
      <header className="area-head">
        <h1>Files</h1>
        <p>What this server hands out and takes in.</p>
      </header>
    </main>
  );
}
