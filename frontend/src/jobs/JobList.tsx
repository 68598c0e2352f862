/** Jobs, newest first: filtered, in pages, live where they wait or run. */
import { useState } from "react";
import type { Job, JobType } from "../api/jobs";
import { ago, count, exactTime } from "../parts/format";
import { Stop } from "../parts/icons";
import { Link } from "../parts/Link";
import { humanise } from "../parts/schema";
import { navigate } from "../router";
import { type Filter, jobAddress, listAddress } from "./addresses";
import { cancel } from "./cancelling";
import { useJobs, useNow } from "./following";
import { Bar, Standing } from "./Standing";
import { durationOf, isFinished, lasting, progressOf, STANDING_WORDS, standingOf, stateOf } from "./wording";

const PAGE = 25;
const MOST_CHIPS = 8;

interface Props {
  filter: Filter;
  types: JobType[];
  /** What it is called where it is only a part of a page, and without filters. */
  title?: string;
  limit?: number;
  /** Whether an empty list is not worth a word. */
  isQuiet?: boolean;
}

export function JobList({ filter, types, title, limit = PAGE, isQuiet = false }: Props) {
  const { found, problem, take } = useJobs(filter, limit);
  const isRunning = found?.jobs.some((job) => standingOf(job) === "running") ?? false;
  const now = useNow(isRunning ? 1 : 15);
  const isFiltered = title === undefined && filter.types.length + filter.standings.length > 0;
  const isEmpty = found?.jobs.length === 0;
  if (isQuiet && !isFiltered && (isEmpty || !found)) return null;
  return (
    <section className="job-list">
      <div className="list-head">
        <h2>{title ?? "Runs"}</h2>
        <span className="about">{found && !isEmpty ? totalOf(found) : ""}</span>
      </div>
      {title === undefined && !(isEmpty && !isFiltered && filter.before === undefined) && (
        <Filters filter={filter} types={types} />
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem.message}
        </p>
      )}
      {isEmpty ? (
        <Nothing filter={filter} isPart={title !== undefined} />
      ) : (
        <ul className="box rows">
          {found
            ? found.jobs.map((job) => <Row key={job.id} job={job} now={now} take={take} />)
            : Array.from({ length: title === undefined ? 6 : 1 }, (_, at) => (
                <li key={at} aria-hidden>
                  <i className="skeleton" />
                </li>
              ))}
        </ul>
      )}
      {found && <Pages filter={filter} next={found.next} isPart={title !== undefined} />}
    </section>
  );
}

const totalOf = ({ total, total_is_exact: isExact }: { total: number; total_is_exact: boolean }) =>
  isExact ? count(total) : `more than ${count(total)}`;

function Nothing({ filter, isPart }: { filter: Filter; isPart: boolean }) {
  if (isPart) return <p className="box empty">It has not run yet.</p>;
  if (filter.before !== undefined) return <p className="box empty">There are no older ones.</p>;
  const isFiltered = filter.types.length + filter.standings.length > 0;
  return (
    <div className="box empty">
      <strong>{isFiltered ? "No run is like this" : "Nothing has run yet"}</strong>
      {isFiltered ? (
        <Link className="button" href={listAddress({ types: [], standings: [] })}>
          Show all
        </Link>
      ) : (
        <p>Choose a job to run. What becomes of it stands here, also when others start it.</p>
      )}
    </div>
  );
}

function Filters({ filter, types }: { filter: Filter; types: JobType[] }) {
  const toggled = (list: string[], name: string) =>
    list.includes(name) ? list.filter((each) => each !== name) : [...list, name];
  const names = [...new Set([...types.map((type) => type.name), ...filter.types])];
  return (
    <div className="filters">
      <div role="group" aria-label="How they stand">
        {STANDING_WORDS.map(([standing, words]) => (
          <Choice
            key={standing}
            isOn={filter.standings.includes(standing)}
            address={listAddress({ ...filter, before: undefined, standings: toggled(filter.standings, standing) })}
          >
            {words}
          </Choice>
        ))}
      </div>
      {names.length > 1 && names.length <= MOST_CHIPS && (
        <div role="group" aria-label="Which jobs">
          {names.map((name) => (
            <Choice
              key={name}
              isOn={filter.types.includes(name)}
              address={listAddress({ ...filter, before: undefined, types: toggled(filter.types, name) })}
            >
              {humanise(name)}
            </Choice>
          ))}
        </div>
      )}
      {names.length > MOST_CHIPS && (
        <select
          className="field"
          aria-label="Which jobs"
          value={filter.types[0] ?? ""}
          onChange={(event) =>
            navigate(
              listAddress({
                ...filter,
                before: undefined,
                types: event.target.value === "" ? [] : [event.target.value],
              }),
            )
          }
        >
          <option value="">All jobs</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {humanise(name)}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Choice({ isOn, address, children }: { isOn: boolean; address: string; children: string }) {
  return (
    <button
      type="button"
      className={isOn ? "choice on" : "choice"}
      aria-pressed={isOn}
      onClick={() => navigate(address, true)}
    >
      {children}
    </button>
  );
}

function Row({ job, now, take }: { job: Job; now: number; take: (job: Job) => void }) {
  const [isCancelling, setCancelling] = useState(false);
  const { share, words, message } = progressOf(job);
  const isRunning = standingOf(job) === "running";
  const took = durationOf(job, now);
  const line =
    isRunning && !job.cancelling
      ? [words, message].filter(Boolean).join(" · ") || stateOf(job)
      : isFinished(job) && job.status !== "FAILURE"
        ? took === undefined
          ? ""
          : `in ${lasting(took)}`
        : stateOf(job);
  return (
    <li>
      <Standing job={job} />
      <div className="main">
        <Link href={jobAddress(job.id)}>
          <strong>{humanise(job.type)}</strong>
        </Link>
        <span className="line">{line}</span>
      </div>
      {isRunning && (
        <span className="row-bar">
          <Bar share={share} label={`Progress of ${humanise(job.type)}`} />
        </span>
      )}
      <time className="when" title={exactTime(job.submitted)} dateTime={new Date(job.submitted * 1000).toISOString()}>
        {isRunning && took !== undefined && took >= 1 ? lasting(Math.floor(took)) : ago(job.submitted, now)}
      </time>
      <span className="row-action">
        {!isFinished(job) && (
          <button
            className="icon"
            title="Cancel"
            aria-label={`Cancel ${humanise(job.type)}`}
            disabled={isCancelling || job.cancelling}
            onClick={() => {
              setCancelling(true);
              void cancel(job, take).finally(() => setCancelling(false));
            }}
          >
            <Stop />
          </button>
        )}
      </span>
    </li>
  );
}

function Pages({ filter, next, isPart }: { filter: Filter; next: string | null; isPart: boolean }) {
  const before = next === null ? undefined : (new URLSearchParams(next.split("?")[1]).get("before") ?? undefined);
  if (before === undefined && filter.before === undefined) return null;
  return (
    <nav className="pages" aria-label="Older and newer runs">
      {filter.before !== undefined && (
        <Link className="button" href={listAddress({ ...filter, before: undefined })}>
          Newest
        </Link>
      )}
      {before !== undefined && (
        <Link className="button" href={listAddress(isPart ? { ...filter, before: undefined } : { ...filter, before })}>
          {isPart ? "All of them" : "Older"}
        </Link>
      )}
    </nav>
  );
}
