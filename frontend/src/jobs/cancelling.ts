/** Stopping a job, from wherever it is shown. */
import { cancelJob, type Job, showJob } from "../api/jobs";
import { ApiError } from "../api/rest";
import { humanise } from "../parts/schema";
import { failed, toast } from "../parts/toasts";
import { navigate } from "../router";
import { formAddress } from "./addresses";

/** Cancel a job, and hand on how it stands then; what goes wrong is said. */
export async function cancel(job: Job, take: (job: Job) => void): Promise<void> {
  try {
    const now = await cancelJob(job.id);
    take(now);
    if (now.status === "REVOKED")
      toast(`${humanise(job.type)} was cancelled.`, {
        action: { label: "Run again", run: () => navigate(formAddress(job.type, job.id)) },
      });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "IllegalOperation") return failed(error);
    // It was faster: what came of it is better news than the refusal.
    toast(`${humanise(job.type)} had ended before it could be cancelled.`, { tone: "news" });
    await showJob(job.id).then(take, failed);
  }
}
