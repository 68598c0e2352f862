/** The user's lists, and how to begin one. */
import { useEffect, useState } from "react";
import { listNames } from "../api/stores";
import { Stores } from "../parts/icons";
import { listNameProblem } from "../parts/items";
import { Link } from "../parts/Link";
import { areaAddress, navigate } from "../router";

export function Lists() {
  const [names, setNames] = useState<string[]>();
  const [problem, setProblem] = useState<string>();
  const [typed, setTyped] = useState("");
  useEffect(() => {
    listNames().then(setNames, (error: Error) => setProblem(error.message));
  }, []);
  const wrong = listNameProblem(typed);
  return (
    <section aria-labelledby="lists">
      <div className="section-head">
        <h2 id="lists">Lists</h2>
        <span className="hint">Yours: other users have lists of their own</span>
      </div>
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() && !wrong) navigate(areaAddress("stores", { list: typed.trim() }));
        }}
      >
        <input
          className="field"
          placeholder="films"
          aria-label="Name of a list"
          aria-invalid={wrong ? true : undefined}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button className="button" disabled={!typed.trim() || !!wrong}>
          Open or begin it
        </button>
        {wrong && <p className="problem">{wrong}</p>}
      </form>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {!names && !problem && (
        <ul className="box rows" aria-hidden>
          <li>
            <span className="skeleton" style={{ width: "30%", height: 14 }} />
          </li>
        </ul>
      )}
      {names?.length === 0 && <NoLists />}
      {names && names.length > 0 && (
        <ul className="box rows folders">
          {names.map((name) => (
            <li key={name}>
              <Link href={areaAddress("stores", { list: name })}>
                <Stores />
                {name}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function NoLists() {
  const example = `curl -H 'Content-Type: application/json' -d '{"title": "Alien", "year": 1979}' \\\n  ${location.origin}/store/films`;
  return (
    <div className="box empty">
      <strong>No list yet</strong>
      <p>A list begins with its first item. Name one above and add an item by hand, or let a program do it:</p>
      <pre className="code" tabIndex={0}>
        {example}
      </pre>
    </div>
  );
}
