/** Functions that run in the background. */
import { useEffect } from "react";
import "./jobs.css";

export default function JobsPage({ query }: { query: URLSearchParams }) {
  useEffect(() => {
    document.title = "Jobs · Longshore";
  }, []);
  return (
    <main className="area jobs" data-query={query.toString()}>
      <header className="area-head">
        <h1>Jobs</h1>
        <p>Functions that run in the background.</p>
      </header>
    </main>
  );
}
