/** Uploads as people read them: how far, how fast, what is wrong. */
import { bytes, counted } from "../parts/format";

export type UploadState = "waiting" | "running" | "broken" | "paused" | "done" | "failed";

export interface Progress {
  state: UploadState;
  sent: number;
  size: number;
  /** Bytes a second. */
  rate?: number;
  problem?: string;
}

/** One line on an upload. */
export function uploadWords({ state, sent, size, rate, problem }: Progress): string {
  const far = `${bytes(sent)} of ${bytes(size)}`;
  switch (state) {
    case "waiting":
      return "waits for its turn";
    case "running":
      return rate ? `${far}, ${bytes(rate)} a second${remaining(size - sent, rate)}` : far;
    case "broken":
      return `${far}. The connection broke; it goes on as soon as it is back`;
    case "paused":
      return `paused at ${far}`;
    case "done":
      return `stored, ${bytes(size)}`;
    case "failed":
      return problem ?? "not stored";
  }
}

function remaining(left: number, rate: number): string {
  const seconds = left / rate;
  if (!Number.isFinite(seconds) || seconds < 5) return "";
  if (seconds < 90) return `, ${Math.round(seconds / 5) * 5} seconds to go`;
  return seconds < 5400 ? `, ${Math.round(seconds / 60)} minutes to go` : `, ${Math.round(seconds / 3600)} hours to go`;
}

/** A speed over the last seconds, from how much had arrived when. */
export class Speed {
  private points: { at: number; sent: number }[] = [];

  /** Note how much has arrived; bytes a second since up to five seconds ago. */
  note(sent: number, at: number): number | undefined {
    // It went back: what was on the way when the line broke has to be sent again.
    if (sent < (this.points.at(-1)?.sent ?? 0)) this.points = [];
    this.points.push({ at, sent });
    while (this.points.length > 2 && at - (this.points[0]?.at ?? at) > 5000) this.points.shift();
    const first = this.points[0];
    return first && at - first.at >= 500 ? Math.round(((sent - first.sent) * 1000) / (at - first.at)) : undefined;
  }
}

/** What a browser would call the same file for the same place: under this an upload that broke off is found again. */
export const fingerprint = (file: { name: string; size: number; lastModified: number }, target: string) =>
  ["longshore", target, file.name, file.size, file.lastModified].join("|");

/** A partition's name as it is asked for: without slashes at the ends or doubled. */
export const partitionName = (typed: string) =>
  typed
    .split("/")
    .map((part) => part.trim())
    .filter(Boolean)
    .join("/");

/** What stands in the way of a name that somebody typed; nothing when the server can be asked. */
export function partitionProblem(typed: string): string | undefined {
  const parts = partitionName(typed).split("/");
  if (parts.some((part) => part.startsWith("."))) return "No part of the name begins with a dot.";
  if (/[<>:"|?*\\]/.test(typed)) return 'Names are without < > : " | ? * and \\.';
  return undefined;
}

/** The line for a terminal that sends a file to a partition. */
export const curlLine = (origin: string, partition: string) =>
  `curl -F file=@name ${origin}/${partition.split("/").map(encodeURIComponent).join("/")}`;

/** Whether the server reads files of this name as tables. */
export const isTable = (name: string) =>
  /\.(csv|tsv|tab|psv|txt|json|ndjson|jsonl|xlsx?|ods|parquet|arrow|feather)(\.(gz|zip|bz2|zst|xz))?$/i.test(name) ||
  /\.zip$/i.test(name);

export const LIFETIMES: [number, string][] = [
  [3600, "1 hour"],
  [86_400, "1 day"],
  [7 * 86_400, "7 days"],
  [30 * 86_400, "30 days"],
];

/** How long a link lives, and how often it works. */
export const linkWords = (once: boolean, seconds: number) => {
  const time = LIFETIMES.find(([each]) => each === seconds)?.[1] ?? counted(seconds, "second");
  return once
    ? `It works once, within ${time}: it is used up when the whole file has arrived. A download that breaks off can go on.`
    : `It works for everyone who has it, for ${time}.`;
};
