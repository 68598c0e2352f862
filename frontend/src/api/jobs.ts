/** Jobs on REST, and live on Socket.IO. */
import { io, type Socket } from "socket.io-client";
import type { components } from "./generated";
import { ApiError, call } from "./rest";
import type { Heard } from "./socket";

type Schemas = components["schemas"];
export type Job = Schemas["JobAnswer"];
export type JobType = Schemas["DeclaredJob"];
export type JobList = Schemas["JobList"];

const BASE = "/api/v1/jobs";
const at = (id: string) => `${BASE}/${encodeURIComponent(id)}`;

export const listJobTypes = () => call<Schemas["JobTypeList"]>("GET", `${BASE}/types`).then((answer) => answer.types);
export const listJobs = (query: URLSearchParams) => call<JobList>("GET", `${BASE}?${query}`);
export const showJob = (id: string) => call<Job>("GET", at(id));
export const showInputs = (id: string) => call<unknown>("GET", `${at(id)}/inputs`);
export const showResult = (id: string) => call<unknown>("GET", `${at(id)}/result`);
export const submitJob = (type: string, inputs: unknown) => call<Schemas["Submitted"]>("POST", at(type), inputs);
export const cancelJob = (id: string) => call<Job>("DELETE", at(id));

/** Whether any input is a secret, at whatever depth; the server hands such inputs out to nobody. */
export const takesSecrets = (type: JobType) => JSON.stringify(type.inputs).includes('"writeOnly":true');

const POLL_MILLISECONDS = 2000;

/**
 * Tells of every change of some jobs, until it is closed.
 *
 * Without a connection it asks for them one by one instead; what happened while the line was down comes with the
 * subscription, which the server answers with how each job stands.
 */
export class JobWatch {
  private readonly socket: Socket<Heard, Record<string, (body: Record<string, unknown>) => void>>;
  private ids = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (job: Job) => void) {
    this.socket = io({
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 4000,
    });
    this.socket.on("jobs", (job) => this.ids.has(job.id) && this.tell(job));
    this.socket.on("connect", () => this.subscribe([...this.ids]));
    this.socket.on("disconnect", () => this.pollSoon());
  }

  /** Watch these jobs, and no others. */
  follow(ids: string[]): void {
    const fresh = ids.filter((id) => !this.ids.has(id));
    const left = [...this.ids].filter((id) => !ids.includes(id));
    this.ids = new Set(ids);
    if (!this.socket.connected) {
      this.pollSoon(); // all are subscribed to once it is
      return;
    }
    if (left.length > 0) this.socket.emit("unsubscribeJobs", { job_ids: left });
    this.subscribe(fresh);
  }

  close(): void {
    clearTimeout(this.timer);
    this.ids.clear();
    this.socket.close();
  }

  private subscribe(ids: string[]): void {
    // One by one: of several, one that has expired meanwhile would keep the others from being subscribed to.
    for (const id of ids) this.socket.emit("subscribeJobs", { job_id: id });
  }

  private pollSoon(): void {
    this.timer ??= setTimeout(() => void this.poll(), POLL_MILLISECONDS);
  }

  private async poll(): Promise<void> {
    this.timer = undefined;
    for (const id of this.ids) {
      if (this.socket.connected) return;
      const found = await showJob(id).catch((error: unknown) => {
        if (error instanceof ApiError) return undefined; // not reachable either: the next round tries again
        throw error;
      });
      if (found && this.ids.has(id)) this.tell(found);
    }
    if (!this.socket.connected && this.ids.size > 0) this.pollSoon();
  }
}
