/** The server's own words and figures as people read them. */
import { count, counted } from "../parts/format";

const CHECKS: Record<string, string> = {
  database: "Database",
  broker: "Message broker",
  workers: "Workers",
  queues: "Queues",
  disk: "Disk",
  folders: "Storage folders",
  commands: "Running people’s code",
};
const AREAS: Record<string, string> = {
  datasets: "Datasets",
  cache: "Links and cached answers",
  values: "Values",
  results: "Results of jobs",
  partitions: "Partitions",
  path_files: "Files at paths",
  offered: "Files on offer",
  lists: "Lists",
  state: "The server’s own records",
};
const JOBS: Record<string, string> = {
  PENDING: "waiting",
  STARTED: "running",
  RETRY: "to be tried again",
  SUCCESS: "done",
  FAILURE: "failed",
  REVOKED: "cancelled",
};

export const checkName = (name: string) => CHECKS[name] ?? name;
export const areaName = (part: string) => AREAS[part] ?? part;
export const workerKind = (kind: string) => ({ datasets: "tables", jobs: "jobs" })[kind] ?? kind;

/** "Everything is well", or which checks are not. */
export function verdict(checks: { name: string; ok: boolean }[]): string {
  const bad = checks.filter((check) => !check.ok).map((check) => checkName(check.name));
  return bad.length === 0 ? "All is well" : `Not well: ${bad.join(", ")}`;
}

/** A sentence's first letter as it stands at its beginning. */
export const sentence = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** How long something took: milliseconds below a second. */
export const took = (seconds: number) =>
  seconds < 0.0005 ? "under 1 ms" : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;

/** "3 days 4 hours": the two largest parts. */
export function lasting(seconds: number): string {
  const parts: [number, string][] = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "under a second";
  let left = Math.floor(seconds);
  const words: string[] = [];
  for (const [size, name] of parts.slice(first, first + 2)) {
    const many = Math.floor(left / size);
    left -= many * size;
    if (many > 0) words.push(counted(many, name));
  }
  return words.join(" ");
}

/** "2 running, 1,204 done", of counts by status; "none" without any. */
export function jobWords(jobs: Record<string, number>): string {
  const words = Object.entries(JOBS)
    .filter(([status]) => jobs[status])
    .map(([status, word]) => `${count(jobs[status] ?? 0)} ${word}`);
  return words.length === 0 ? "none" : words.join(", ");
}

/** Areas of storage that hold something, the largest first. */
export const largest = (storage: Record<string, number>): [string, number][] =>
  Object.entries(storage)
    .filter(([, size]) => size > 0)
    .sort((one, other) => other[1] - one[1]);
