/** Uploads into partitions, by the tus protocol: they go on after a break, and outlive the page that shows them. */

import type { Upload } from "tus-js-client";
import { leaveForLogin } from "../api/account";
import type { components } from "../api/generated";
import { errorOf } from "../api/rest";
import { Store } from "../parts/store";
import { fingerprint, type Progress, Speed } from "./uploads";

const ENDPOINT = "/tus/";
const AT_ONCE = 2;
// Not at once: the server may still be writing what came through the broken connection, and the place to go on moves.
const RETRY_DELAYS = [500, 1000, 2000, 4000, 8000, ...Array<number>(60).fill(15_000)];
const TOLD_EVERY_MS = 200;

export interface Running extends Progress {
  id: number;
  name: string;
  partition: string;
}
/** An upload that broke off in an earlier visit; the page needs the file again to go on. */
export interface Unfinished {
  key: string;
  address: string;
  name: string;
  size: number;
  arrived: number;
}
interface Held {
  file: File;
  upload?: Upload;
  speed: Speed;
  told: number;
}

/** All uploads of this visit, the newest last. */
export const uploads = new Store<{ all: Running[] }>({ all: [] });
const held = new Map<number, Held>();
let counter = 0;

const target = (partition: string) => `partition:${partition}`;
const find = (id: number) => uploads.get().all.find((each) => each.id === id);

function tell(id: number, part: Partial<Running>): void {
  uploads.set({ all: uploads.get().all.map((each) => (each.id === id ? { ...each, ...part } : each)) });
}

/** Begin to send files; those that were begun before go on where they broke off. */
export function send(files: Iterable<File>, partition: string): void {
  for (const file of files) {
    const id = ++counter;
    held.set(id, { file, speed: new Speed(), told: 0 });
    uploads.set({
      all: [...uploads.get().all, { id, name: file.name, partition, state: "waiting", sent: 0, size: file.size }],
    });
  }
  next();
}

/** Let as many run as may run at once. */
function next(): void {
  const { all } = uploads.get();
  const running = all.filter((each) => each.state === "running" || each.state === "broken").length;
  for (const each of all.filter((one) => one.state === "waiting").slice(0, Math.max(0, AT_ONCE - running))) {
    tell(each.id, { state: "running" });
    void start(each.id);
  }
}

async function start(id: number): Promise<void> {
  const [one, running] = [held.get(id), find(id)];
  if (!one || !running) return;
  try {
    one.upload ??= await prepare(id, one.file, running.partition);
    if (find(id)?.state === "running") one.upload.start();
  } catch (error) {
    settle(id, { state: "failed", problem: (error as Error).message });
  }
}

async function prepare(id: number, file: File, partition: string): Promise<Upload> {
  const tus = await import("tus-js-client");
  const upload = new tus.Upload(file, {
    endpoint: ENDPOINT,
    metadata: { filename: file.name, target: target(partition) },
    fingerprint: () => Promise.resolve(fingerprint(file, target(partition))),
    removeFingerprintOnSuccess: true,
    retryDelays: RETRY_DELAYS,
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0;
      // 409 to POST: the name is taken. To PATCH: the server still holds the connection that broke.
      const isAgain =
        status === 0 ||
        status >= 500 ||
        status === 423 ||
        (status === 409 && error.originalRequest?.getMethod() === "PATCH");
      if (isAgain) tell(id, { state: "broken", rate: undefined });
      return isAgain;
    },
    onProgress: (sent, size) => progress(id, sent, size),
    onSuccess: () => settle(id, { state: "done", sent: file.size }),
    onError: (error) => settle(id, { state: "failed", problem: sentence(error) }),
  });
  const [earlier] = await upload.findPreviousUploads();
  if (earlier) upload.resumeFromPreviousUpload(earlier);
  return upload;
}

function progress(id: number, sent: number, size: number): void {
  const one = held.get(id);
  const now = performance.now();
  if (!one || !["running", "broken"].includes(find(id)?.state ?? "")) return;
  const rate = one.speed.note(sent, now);
  if (now - one.told < TOLD_EVERY_MS && sent < size && find(id)?.state === "running") return;
  one.told = now;
  tell(id, { state: "running", sent, size, rate });
}

/** The server's own sentence, out of the error of the library. */
function sentence(error: Error & { originalResponse?: { getStatus(): number; getBody(): string } | null }): string {
  const answer = error.originalResponse;
  if (!answer) return "The connection broke. Send it again: it goes on where it stopped.";
  if (answer.getStatus() === 401) leaveForLogin();
  let body: unknown = null;
  try {
    body = JSON.parse(answer.getBody());
  } catch {
    body = null; // a proxy in front answered
  }
  return errorOf(body, answer.getStatus()).message;
}

function settle(id: number, part: Partial<Running>): void {
  tell(id, { rate: undefined, ...part });
  next();
}

/** Stop sending; what arrived stays on the server. */
export async function pause(id: number): Promise<void> {
  tell(id, { state: "paused", rate: undefined });
  await held.get(id)?.upload?.abort();
  next();
}

/** Go on with one that was paused or failed. */
export function resume(id: number): void {
  tell(id, { state: "waiting", problem: undefined });
  next();
}

/** Give an upload up: the server forgets what arrived. One that is done or failed only leaves the list. */
export async function cancel(id: number): Promise<void> {
  const upload = held.get(id)?.upload;
  const isOver = ["done"].includes(find(id)?.state ?? "");
  uploads.set({ all: uploads.get().all.filter((each) => each.id !== id) });
  held.delete(id);
  if (!isOver) await upload?.abort(upload.url !== null).catch(() => undefined); // gone already
  next();
}

addEventListener("online", () => {
  for (const { id, state } of uploads.get().all) {
    // The library may sleep for some seconds yet; the line is back now.
    if (state === "broken")
      void held
        .get(id)
        ?.upload?.abort()
        .then(() => find(id)?.state === "broken" && held.get(id)?.upload?.start());
  }
});

/** What earlier visits began for this partition and did not finish. */
export async function findUnfinished(partition: string): Promise<Unfinished[]> {
  const { defaultOptions } = await import("tus-js-client");
  const known = await defaultOptions.urlStorage.findAllUploads();
  const here = known.filter((each) => each.metadata?.target === target(partition) && each.uploadUrl);
  const found = await Promise.all(here.map((each) => look(each.urlStorageKey, each.uploadUrl ?? "")));
  const own = new Set([...held.values()].map((each) => each.upload?.url));
  return found.filter((each): each is Unfinished => each !== undefined && !own.has(each.address));
}

async function look(key: string, address: string): Promise<Unfinished | undefined> {
  // Of this server only, whatever stands in the browser's storage.
  if (new URL(address, location.href).origin !== location.origin) return undefined;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => undefined);
  if (!answer?.ok) {
    if (answer) await forgetUnfinished(key);
    return undefined;
  }
  const told = (await answer.json()) as components["schemas"]["ResumableState"];
  return told.result ? undefined : { key, address, name: told.name, size: told.size, arrived: told.offset };
}

/** Give up what an earlier visit began. */
export async function giveUp({ key, address }: Unfinished): Promise<void> {
  const { Upload } = await import("tus-js-client");
  await Upload.terminate(address).catch(() => undefined); // its time was up
  await forgetUnfinished(key);
}

async function forgetUnfinished(key: string): Promise<void> {
  const { defaultOptions } = await import("tus-js-client");
  await defaultOptions.urlStorage.removeUpload(key);
}
