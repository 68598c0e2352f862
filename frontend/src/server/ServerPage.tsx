/** How this server is. */
import { useEffect } from "react";
import "./server.css";

export default function ServerPage() {
  useEffect(() => {
    document.title = "Server · Longshore";
  }, []);
  return (
    <main className="area server">
      <header className="area-head">
        <h1>Server</h1>
        <p>How this server is.</p>
      </header>
    </main>
  );
}
