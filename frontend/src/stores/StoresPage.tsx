/** Lists of items that programs and people keep here. */
import { useEffect } from "react";
import "./stores.css";

export default function StoresPage({ query }: { query: URLSearchParams }) {
  useEffect(() => {
    document.title = "Stores · Longshore";
  }, []);
  return (
    <main className="area stores" data-query={query.toString()}>
      <header className="area-head">
        <h1>Stores</h1>
        <p>Lists of items that programs and people keep here.</p>
      </header>
    </main>
  );
}
