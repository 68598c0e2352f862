/** The form of a declared job, and what came of it before. */
import { useEffect, useState } from "react";
import { type JobType, showInputs, submitJob } from "../api/jobs";
import { ApiError } from "../api/rest";
import type { Problem } from "../parts/entered";
import { Play } from "../parts/icons";
import { Link } from "../parts/Link";
import { SchemaForm } from "../parts/SchemaForm";
import { humanise, type Schema } from "../parts/schema";
import { areaAddress, navigate } from "../router";
import { jobAddress } from "./addresses";
import { Crumb } from "./Crumb";
import { JobList } from "./JobList";
import { lasting, schedule } from "./wording";

const NONE: Problem[] = [];

export function JobForm({ name, types, from }: { name: string; types?: JobType[]; from?: string }) {
  const type = types?.find((each) => each.name === name);
  const [earlier, setEarlier] = useState<{ inputs?: unknown; problem?: string }>();
  useEffect(() => {
    document.title = `${humanise(name)} · Longshore`;
  }, [name]);
  useEffect(() => {
    if (from === undefined) return;
    showInputs(from).then(
      (inputs) => setEarlier({ inputs }),
      (error: Error) => setEarlier({ problem: error.message }),
    );
  }, [from]);

  if (types && !type)
    return (
      <section className="box empty">
        <strong>No job is called {name}</strong>
        <p>It may have been renamed, or its file taken out of the handlers folder.</p>
        <Link className="button" href={areaAddress("jobs")}>
          To the jobs
        </Link>
      </section>
    );
  return (
    <>
      <header className="job-head">
        <Crumb />
        <h1>{humanise(name)}</h1>
        <p className="about">{type && type.summary !== type.name ? type.summary : "\u00a0"}</p>
        <p className="job-facts">{type ? facts(type) : "\u00a0"}</p>
      </header>
      {earlier?.problem && <p className="attention">The earlier inputs cannot be had: {earlier.problem}</p>}
      {type && (from === undefined || earlier) ? (
        <Form type={type} given={earlier?.inputs} />
      ) : (
        <div className="box form-skeleton" aria-hidden />
      )}
      {type && (
        <JobList filter={{ types: [name], standings: [] }} types={types ?? []} title="Runs of this job" limit={5} />
      )}
    </>
  );
}

function facts(type: JobType): string {
  const said = [
    `called ${type.name}`,
    `queue ${type.queue}`,
    `at most ${lasting(type.timeout)}`,
    `result kept for ${lasting(type.result_ttl)}`,
  ];
  if (type.every) said.push(`runs by itself ${schedule(type.every)}`);
  return said.join(" · ");
}

function Form({ type, given }: { type: JobType; given: unknown }) {
  const [problems, setProblems] = useState(NONE);
  const [isSending, setSending] = useState(false);
  const submit = async (inputs: unknown) => {
    setSending(true);
    try {
      navigate(jobAddress((await submitJob(type.name, inputs)).id));
    } catch (error) {
      setSending(false);
      const fields = error instanceof ApiError ? error.fields : [];
      setProblems(fields.length > 0 ? fields : [{ field: "", message: (error as Error).message }]);
    }
  };
  return (
    <section className="box job-form">
      <SchemaForm
        schema={type.inputs as Schema}
        given={given}
        problems={problems}
        submit={(inputs) => void submit(inputs)}
        label={`Inputs of ${humanise(type.name)}`}
      >
        <div className="form-foot">
          <button type="submit" className="button primary" disabled={isSending}>
            <Play />
            {isSending ? "Sending …" : "Run"}
          </button>
        </div>
      </SchemaForm>
    </section>
  );
}
