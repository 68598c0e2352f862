/** Functions that run in the background: what can be run, what was, and one of them. */
import { useEffect, useState } from "react";
import { type JobType, listJobTypes } from "../api/jobs";
import { Link } from "../parts/Link";
import { humanise } from "../parts/schema";
import { filterOf, formAddress } from "./addresses";
import { JobForm } from "./JobForm";
import { JobList } from "./JobList";
import { JobPage } from "./JobPage";
import { NoJobs } from "./NoJobs";
import { schedule } from "./wording";
import "./jobs.css";

export default function JobsPage({ query }: { query: URLSearchParams }) {
  const [types, setTypes] = useState<JobType[]>();
  const [problem, setProblem] = useState<string>();
  const id = query.get("job");
  const type = query.get("type");
  const isInside = id !== null || type !== null;
  useEffect(() => {
    if (!isInside) document.title = "Jobs · Longshore";
  }, [isInside]);
  useEffect(() => {
    listJobTypes().then(setTypes, (error: Error) => setProblem(error.message));
  }, []);

  return (
    <main className="area jobs">
      {!isInside && (
        <header className="area-head">
          <h1>Jobs</h1>
          <p>Functions that run in the background.</p>
        </header>
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className={isInside ? "jobs-layout inside" : "jobs-layout"}>
        <Types types={types} chosen={type ?? undefined} />
        <div className="jobs-main">
          {id !== null ? (
            <JobPage key={id} id={id} types={types} />
          ) : type !== null ? (
            <JobForm
              key={`${type} ${query.get("from")}`}
              name={type}
              types={types}
              from={query.get("from") ?? undefined}
            />
          ) : (
            <Overview query={query} types={types} />
          )}
        </div>
      </div>
    </main>
  );
}

function Overview({ query, types }: { query: URLSearchParams; types?: JobType[] }) {
  const isEmpty = types?.length === 0;
  return (
    <>
      {isEmpty && <NoJobs />}
      {types && <JobList filter={filterOf(query)} types={types} isQuiet={isEmpty} />}
    </>
  );
}

function Types({ types, chosen }: { types?: JobType[]; chosen?: string }) {
  const hasQueues = new Set(types?.map((each) => each.queue)).size > 1; // one for all says nothing
  if (types?.length === 0) return null;
  return (
    <nav className="job-types" aria-label="What can be run">
      <h2>Run a job</h2>
      <ul className="box">
        {types
          ? types.map((each) => (
              <li key={each.name}>
                <Link href={formAddress(each.name)} aria-current={each.name === chosen ? "page" : undefined}>
                  <strong>{humanise(each.name)}</strong>
                  <span>{each.summary === each.name ? "No description" : each.summary}</span>
                  <small>
                    {hasQueues && `Queue ${each.queue}`}
                    {each.every && <em>{schedule(each.every)}</em>}
                  </small>
                </Link>
              </li>
            ))
          : [1, 2, 3].map((at) => (
              <li key={at} className="type-skeleton" aria-hidden>
                <i className="skeleton" />
              </li>
            ))}
      </ul>
    </nav>
  );
}
