import { expect, test } from "vitest";
import type { Job } from "../api/jobs";
import { durationOf, lasting, later, progressOf, schedule, statusesOf, upcoming } from "./wording";

const job = (about: Partial<Job>): Job =>
  ({
    id: "a",
    status: "STARTED",
    attempts: 1,
    progress: { done: null, total: null, message: null },
    started: 100,
    finished: null,
    log_tail: null,
    ...about,
  }) as Job;
const progress = (done: number | null, total: number | null = null) => job({ progress: { done, total, message: "m" } });

test("an answer that comes late does not undo what an event told", () => {
  const done = job({ status: "SUCCESS", data: 5 });
  expect(later(done, job({}))).toBe(done);
  expect(later(job({ attempts: 2 }), job({ attempts: 1 }))).toMatchObject({ attempts: 2 });
  expect(later(job({}), done)).toMatchObject({ status: "SUCCESS", data: 5 });
  expect(later(done, job({ status: "SUCCESS" }))).toMatchObject({ data: 5 });
});

test("progress is a share and words", () => {
  expect(progressOf(progress(25, 100))).toEqual({ share: 0.25, words: "25 of 100", message: "m" });
  expect(progressOf(progress(0.5, 1)).words).toBe("50%");
  expect(progressOf(progress(1200))).toMatchObject({ share: undefined, words: "1,200" });
  expect(progressOf(progress(3, 2)).share).toBe(1);
  expect(progressOf(progress(3, 0)).share).toBeUndefined();
  expect(progressOf(progress(null)).words).toBe("");
});

test("times as people say them", () => {
  expect([0, 0.42, 9, 59.6, 185, 7800, 86400, 200_000].map(lasting)).toEqual([
    "under 0.1 s",
    "0.4 s",
    "9 s",
    "1 min",
    "3 min 5 s",
    "2 h 10 min",
    "1 day",
    "2 days 7 h",
  ]);
  expect(["1h", "15m", "5 4 * * *"].map(schedule)).toEqual(["every hour", "every 15 minutes", "at 5 4 * * * (UTC)"]);
  const noon = new Date(2026, 2, 3, 12).getTime() / 1000;
  expect([60, 86400, 5 * 86400].map((passed) => upcoming(noon + passed, noon))).toEqual([
    "12:01",
    "tomorrow 12:00",
    "8 Mar, 12:00",
  ]);
});

test("a job lasts from its start to its end, or to now", () => {
  expect(durationOf(job({}), 130)).toBe(30);
  expect(durationOf(job({ status: "SUCCESS", finished: 104 }), 130)).toBe(4);
  expect(durationOf(job({ status: "REVOKED", started: null, finished: 104 }))).toBeUndefined();
});

test("what a person chooses is what the server calls so", () => {
  expect(statusesOf(["waiting", "failed"])).toEqual(["PENDING", "RETRY", "FAILURE"]);
});
