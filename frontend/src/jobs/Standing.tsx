/** How a job stands, in one word, and how far it is. */
import type { Job } from "../api/jobs";
import { standingOf, standingWord } from "./wording";

const TONES: Record<string, string> = {
  waiting: "waiting",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "",
};

export function Standing({ job }: { job: Job }) {
  const standing = standingOf(job);
  return <span className={`badge ${TONES[standing]}`}>{standingWord(standing)}</span>;
}

/** A bar of progress; without a share it says that something runs, and not how far it is. */
export function Bar({ share, label, text }: { share?: number; label: string; text?: string }) {
  return (
    <span
      className={share === undefined ? "bar unknown" : "bar"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === undefined ? undefined : Math.round(100 * share)}
      aria-valuetext={text}
    >
      <i style={{ width: share === undefined ? "100%" : `${100 * share}%` }} />
    </span>
  );
}
