/** Lists of items and single values that programs and people keep here. */
import { useEffect } from "react";
import { ListPage } from "./ListPage";
import { Lists } from "./Lists";
import { Values } from "./Values";
import "../styles/places.css";
import "./stores.css";

export default function StoresPage({ query }: { query: URLSearchParams }) {
  const list = query.get("list") ?? "";
  useEffect(() => {
    document.title = list ? `${list} · Longshore` : "Stores · Longshore";
  }, [list]);
  if (list) return <ListPage key={list} name={list} after={Number(query.get("after")) || 0} />;
  return (
    <main className="area stores">
      <header className="area-head">
        <h1>Stores</h1>
        <p>Small things that programs and people keep here: lists of items, and values under a key.</p>
      </header>
      <Lists />
      <Values name={query.get("key") ?? ""} />
    </main>
  );
}
