/** Jobs in words: how they stand, how far they are, how long they took. */
import type { Job } from "../api/jobs";
import { count } from "../parts/format";

type Status = Job["status"];
export type Standing = "waiting" | "running" | "done" | "failed" | "cancelled";

const STANDINGS: Record<Status, Standing> = {
  PENDING: "waiting",
  RETRY: "waiting",
  STARTED: "running",
  SUCCESS: "done",
  FAILURE: "failed",
  REVOKED: "cancelled",
};

export const standingOf = (job: Pick<Job, "status">): Standing => STANDINGS[job.status];
export const isFinished = (job: Pick<Job, "status">) => !["waiting", "running"].includes(standingOf(job));
export const STANDING_WORDS: [Standing, string][] = [
  ["waiting", "Waiting"],
  ["running", "Running"],
  ["done", "Done"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
];
export const standingWord = (standing: Standing) => STANDING_WORDS.find(([name]) => name === standing)?.[1] ?? standing;

/** The statuses on the wire of what a person chose. */
export const statusesOf = (standings: string[]): Status[] =>
  (Object.keys(STANDINGS) as Status[]).filter((status) => standings.includes(STANDINGS[status]));

/**
 * The later of two states of a job, whichever way each came: an answer that was sent before an event may arrive after it.
 * What only one of them holds, such as a result that is too large for an event, stays.
 */
export function later(before: Job | undefined, next: Job): Job {
  if (before === undefined || before.id !== next.id) return next;
  const isOlder = isFinished(before) ? !isFinished(next) : before.attempts > next.attempts;
  if (isOlder) return before;
  return {
    ...next,
    ...("data" in before && !("data" in next) ? { data: before.data } : {}),
    log_tail: next.log_tail ?? before.log_tail,
  };
}

/** How far a job is: a share from 0 to 1, where it is known, and a line for a person. */
export function progressOf(job: Job): { share?: number; words: string; message: string } {
  const { done, total, message } = job.progress;
  const share = done !== null && total !== null && total > 0 ? Math.min(1, Math.max(0, done / total)) : undefined;
  const words =
    done === null
      ? ""
      : total === null
        ? count(done)
        : total === 1
          ? `${Math.round(100 * Math.min(1, done))}%`
          : `${number(done)} of ${number(total)}`;
  return { share, words, message: message ?? "" };
}

const number = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 1 });

/** What a job is doing, in a sentence. */
export function stateOf(job: Job): string {
  if (job.cancelling && !isFinished(job)) return "Being cancelled";
  switch (job.status) {
    case "PENDING":
      return `Waits for a worker of the queue ${job.queue}`;
    case "RETRY":
      return job.message ? `Is begun again: ${job.message}` : "Is begun again soon";
    case "STARTED":
      return job.attempts > 1 ? `Runs, for the ${ordinal(job.attempts)} time` : "Runs";
    case "SUCCESS":
      return "Is done";
    case "FAILURE":
      return job.message ?? "Failed";
    default:
      return "Was cancelled";
  }
}

const ordinal = (value: number) => (value === 2 ? "second" : value === 3 ? "third" : `${value}th`);

/** A length of time: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 days`. */
export function lasting(seconds: number): string {
  if (seconds < 0.05) return "under 0.1 s";
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(seconds);
  for (const [size, unit, below, smaller] of [
    [86400, "days", 3600, "h"],
    [3600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ] as const)
    if (whole >= size) {
      const rest = Math.floor((whole % size) / below);
      const most = Math.floor(whole / size);
      const named = `${most} ${unit === "days" && most === 1 ? "day" : unit}`;
      return rest > 0 ? `${named} ${rest} ${smaller}` : named;
    }
  return `${whole} s`;
}

/** How long a job ran, or runs by now. */
export function durationOf(job: Job, now = Date.now() / 1000): number | undefined {
  if (job.started === null) return undefined;
  if (isFinished(job)) return job.finished === null ? undefined : Math.max(0, job.finished - job.started);
  return standingOf(job) === "running" ? Math.max(0, now - job.started) : undefined;
}

/** When the server itself submits a job. */
export function schedule(every: string): string {
  const found = /^(\d+(?:\.\d+)?)\s*([smhd])$/.exec(every.trim());
  if (!found) return `at ${every} (UTC)`;
  const unit = { s: "second", m: "minute", h: "hour", d: "day" }[found[2] as "s"];
  return found[1] === "1" ? `every ${unit}` : `every ${found[1]} ${unit}s`;
}

/** A moment to come, short where it is near: `18:05`, `tomorrow 18:05`, `26 Nov, 18:05`. */
export function upcoming(seconds: number, now = Date.now() / 1000): string {
  const moment = new Date(seconds * 1000);
  const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const days = Math.round(
    (new Date(seconds * 1000).setHours(0, 0, 0, 0) - new Date(now * 1000).setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (days === 0) return time;
  return days === 1
    ? `tomorrow ${time}`
    : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}
