/** One job: how it stands, live; its result, or why there is none; what it was given. */
import { useEffect, useState } from "react";
import { type Job, type JobType, showInputs, takesSecrets } from "../api/jobs";
import { ApiError } from "../api/rest";
import { ago, bytes, exactTime } from "../parts/format";
import { Copy, Refresh, Stop } from "../parts/icons";
import { Link } from "../parts/Link";
import { copyText } from "../parts/save";
import { humanise } from "../parts/schema";
import { areaAddress } from "../router";
import { formAddress } from "./addresses";
import { Crumb } from "./Crumb";
import { cancel } from "./cancelling";
import { FoundView } from "./FoundView";
import { useJob, useNow } from "./following";
import { JobResult } from "./JobResult";
import { classify } from "./results";
import { Bar, Standing } from "./Standing";
import { durationOf, isFinished, lasting, progressOf, standingOf, stateOf, upcoming } from "./wording";

export function JobPage({ id, types }: { id: string; types?: JobType[] }) {
  const { job, problem, take } = useJob(id);
  const now = useNow(job && standingOf(job) === "running" ? 1 : 15);
  useEffect(() => {
    document.title = job ? `${humanise(job.type)}: ${stateOf(job)} · Longshore` : "Job · Longshore";
  }, [job]);
  if (problem && !job) return <Gone problem={problem} />;
  if (!job)
    return (
      <>
        <header className="job-head">
          <Crumb />
          <h1>{"\u00a0"}</h1>
        </header>
        <div className="box job-skeleton" aria-hidden />
      </>
    );
  const isOver = isFinished(job);
  const type = types?.find((each) => each.name === job.type);
  const isSecret = type !== undefined && takesSecrets(type);
  return (
    <>
      <header className="job-head">
        <Crumb />
        <div className="job-title">
          <h1>{humanise(job.type)}</h1>
          <span role="status">
            <Standing job={job} />
          </span>
          <span className="spring" />
          {!isOver && <Cancel job={job} take={take} />}
          {isOver && type && (
            <Link className="button" href={formAddress(job.type, isSecret ? undefined : job.id)}>
              <Refresh />
              Run again
            </Link>
          )}
        </div>
      </header>
      {!isOver && <Running job={job} now={now} />}
      {job.status === "FAILURE" && <Failure job={job} />}
      {job.status === "SUCCESS" && <JobResult job={job} />}
      <Facts job={job} now={now} />
      {types && <Inputs id={id} isSecret={isSecret} />}
    </>
  );
}

function Gone({ problem }: { problem: Error }) {
  const isExpired = problem instanceof ApiError && problem.code === "Expired";
  return (
    <section className="box empty">
      <strong>{isExpired ? "This result is no longer kept" : "There is no such job"}</strong>
      <p>{problem.message.charAt(0).toUpperCase() + problem.message.slice(1)}.</p>
      <Link className="button" href={areaAddress("jobs")}>
        To the jobs
      </Link>
    </section>
  );
}

function Cancel({ job, take }: { job: Job; take: (job: Job) => void }) {
  const [isAsked, setAsked] = useState(false);
  const isEnding = isAsked || job.cancelling;
  return (
    <button
      className="button"
      disabled={isEnding}
      onClick={() => {
        setAsked(true);
        void cancel(job, take).finally(() => setAsked(false));
      }}
    >
      <Stop />
      {isEnding ? "Cancelling …" : "Cancel"}
    </button>
  );
}

function Running({ job, now }: { job: Job; now: number }) {
  const { share, words, message } = progressOf(job);
  const took = durationOf(job, now);
  const state = stateOf(job);
  return (
    <section className="box job-running" aria-label="Progress">
      <div className="progress-line">
        <strong>{standingOf(job) === "running" && !job.cancelling && message ? message : state}</strong>
        <span>{words}</span>
      </div>
      <Bar
        share={standingOf(job) === "running" ? share : 0}
        label="Progress"
        text={[words, message].filter(Boolean).join(", ") || state}
      />
      <p className="hint">
        {took === undefined
          ? `Sent ${ago(job.submitted, now)}`
          : took < 1
            ? "Has just begun"
            : `Runs for ${lasting(Math.floor(took))}`}
        . You can leave this page; the job goes on.
      </p>
    </section>
  );
}

const REASONS: Record<string, string> = {
  JobFailed: "The function raised an error",
  TimedOut: "It took too long",
  TooLarge: "It needed too much memory",
  WorkerLost: "Its process died",
  InvalidResult: "What it returned cannot be kept",
};

function Failure({ job }: { job: Job }) {
  return (
    <section className="box job-failure" aria-label="Why it failed">
      <strong>{REASONS[job.error ?? ""] ?? "It failed"}</strong>
      <p className="sentence">{job.message}</p>
      {job.log_tail && (
        <details>
          <summary>The last lines it wrote</summary>
          <pre className="code" tabIndex={0}>
            {job.log_tail.trimEnd()}
          </pre>
          <button className="button" onClick={() => void copyText(job.log_tail ?? "", "Copied the last lines.")}>
            <Copy />
            Copy
          </button>
        </details>
      )}
    </section>
  );
}

function Facts({ job, now }: { job: Job; now: number }) {
  const took = isFinished(job) ? durationOf(job) : undefined;
  const facts: [string, React.ReactNode][] = [["Sent", <Moment key="" at={job.submitted} now={now} />]];
  if (job.started !== null) facts.push(["Started", <Moment key="" at={job.started} now={now} />]);
  if (job.finished !== null) facts.push(["Ended", <Moment key="" at={job.finished} now={now} />]);
  if (took !== undefined) facts.push(["Took", lasting(took)]);
  if (job.expires !== null)
    facts.push([
      "Kept until",
      <time key="" title={exactTime(job.expires)}>
        {upcoming(job.expires, now)}
      </time>,
    ]);
  facts.push(["Queue", job.queue]);
  if (job.made_by !== null) facts.push(["By", job.made_by]);
  if (job.attempts > 1) facts.push(["Begun", `${job.attempts} times`]);
  if (job.peak_bytes !== null) facts.push(["Memory", bytes(job.peak_bytes)]);
  facts.push([
    "Id",
    <span key="" className="id">
      <code className="code">{job.id.slice(0, 8)}</code>
      <button
        className="icon small"
        aria-label="Copy the id"
        title={job.id}
        onClick={() => void copyText(job.id, "Copied the job’s id.")}
      >
        <Copy />
      </button>
    </span>,
  ]);
  return (
    <section aria-label="About this run">
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const Moment = ({ at, now }: { at: number; now: number }) => (
  <time title={exactTime(at)} dateTime={new Date(at * 1000).toISOString()}>
    {ago(at, now)}
  </time>
);

function Inputs({ id, isSecret }: { id: string; isSecret: boolean }) {
  const [inputs, setInputs] = useState<{ value?: unknown; problem?: string }>();
  useEffect(() => {
    if (isSecret) return; // the server would refuse
    let isCurrent = true;
    showInputs(id).then(
      (value) => isCurrent && setInputs({ value }),
      (error: Error) => isCurrent && setInputs({ problem: error.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [id, isSecret]);
  if (isSecret)
    return (
      <section>
        <h2>Inputs</h2>
        <p className="about">This job takes a secret, so that its inputs are shown to nobody.</p>
      </section>
    );
  if (!inputs) return <section className="inputs-skeleton" aria-hidden />;
  const isEmpty = typeof inputs.value === "object" && inputs.value !== null && Object.keys(inputs.value).length === 0;
  return (
    <section>
      <h2>Inputs</h2>
      {inputs.problem !== undefined ? (
        <p className="about">{inputs.problem}</p>
      ) : isEmpty ? (
        <p className="about">None</p>
      ) : (
        <FoundView found={classify(inputs.value)} label="Inputs" />
      )}
    </section>
  );
}
