/** Jobs as they change, for components. */
import { useCallback, useEffect, useRef, useState } from "react";
import { type Job, type JobList, JobWatch, listJobs, showJob } from "../api/jobs";
import type { Filter } from "./addresses";
import { isFinished, later, statusesOf } from "./wording";

const LIST_SECONDS = 5;

/** The present moment in seconds, again and again. */
export function useNow(everySeconds: number): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    setNow(Date.now() / 1000);
    const timer = setInterval(() => setNow(Date.now() / 1000), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds]);
  return now;
}

/** One job, live until it ends. */
export function useJob(id: string): { job?: Job; problem?: Error; take: (job: Job) => void } {
  const [job, setJob] = useState<Job>();
  const [problem, setProblem] = useState<Error>();
  const take = useCallback((next: Job) => setJob((before) => later(before, next)), []);
  const isOver = job !== undefined && isFinished(job);
  useEffect(() => {
    let isCurrent = true;
    showJob(id).then(
      (found) => isCurrent && take(found),
      (error: Error) => isCurrent && setProblem(error),
    );
    return () => {
      isCurrent = false;
    };
  }, [id, take]);
  const isFollowed = job !== undefined && !isOver;
  useEffect(() => {
    if (!isFollowed) return;
    const watch = new JobWatch(take);
    watch.follow([id]);
    return () => watch.close();
  }, [id, isFollowed, take]);
  return { job, problem, take };
}

/** A page of the jobs' list; those that wait or run change as they do, new ones appear on the first page. */
export function useJobs(
  { types, standings, before }: Filter,
  limit: number,
): { found?: JobList; problem?: Error; take: (job: Job) => void } {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const type of types) query.append("type", type);
  for (const status of statusesOf(standings)) query.append("status", status);
  if (before !== undefined) query.set("before", before);
  const key = query.toString();
  const [state, setState] = useState<{ key: string; found?: JobList; problem?: Error }>({ key });
  const watch = useRef<JobWatch>(undefined);
  const take = useCallback(
    (next: Job) =>
      setState((now) =>
        now.found
          ? {
              ...now,
              found: {
                ...now.found,
                jobs: now.found.jobs.map((each) => (each.id === next.id ? later(each, next) : each)),
              },
            }
          : now,
      ),
    [],
  );

  useEffect(() => {
    let isCurrent = true;
    const load = () =>
      listJobs(new URLSearchParams(key)).then(
        (found) =>
          isCurrent && setState((now) => ({ key, found: merge(now.key === key ? now.found : undefined, found) })),
        (problem: Error) =>
          isCurrent && setState((now) => ({ key, found: now.key === key ? now.found : undefined, problem })),
      );
    void load();
    // Nobody tells of new jobs; older pages stay as they were opened.
    const timer =
      before === undefined ? setInterval(() => !document.hidden && void load(), LIST_SECONDS * 1000) : undefined;
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [key, before]);

  const live = (state.found?.jobs ?? []).filter((job) => !isFinished(job)).map((job) => job.id);
  const liveKey = live.join();
  useEffect(() => {
    if (liveKey !== "") watch.current ??= new JobWatch(take);
    watch.current?.follow(liveKey === "" ? [] : liveKey.split(","));
  }, [liveKey, take]);
  useEffect(
    () => () => {
      watch.current?.close();
      watch.current = undefined;
    },
    [],
  );
  return { found: state.key === key ? state.found : undefined, problem: state.problem, take };
}

/** An answer on top of what events told meanwhile. */
function merge(before: JobList | undefined, found: JobList): JobList {
  const known = new Map(before?.jobs.map((job) => [job.id, job]));
  return { ...found, jobs: found.jobs.map((job) => later(known.get(job.id), job)) };
}
