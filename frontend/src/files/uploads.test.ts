import { describe, expect, it } from "vitest";
import {
  curlLine,
  fingerprint,
  isTable,
  linkWords,
  partitionName,
  partitionProblem,
  Speed,
  uploadWords,
} from "./uploads";

describe("uploads", () => {
  const base = { sent: 40_000_000, size: 100_000_000 };
  it("are told in words", () => {
    expect(uploadWords({ ...base, state: "running", rate: 2_000_000 })).toBe(
      "40.0 MB of 100 MB, 2.0 MB a second, 30 seconds to go",
    );
    expect(uploadWords({ ...base, state: "running", rate: 100_000 })).toContain("10 minutes to go");
    expect(uploadWords({ ...base, state: "running" })).toBe("40.0 MB of 100 MB");
    expect(uploadWords({ ...base, state: "broken" })).toContain("it goes on as soon as it is back");
    expect(uploadWords({ ...base, state: "failed", problem: "there is a file called a already" })).toBe(
      "there is a file called a already",
    );
    expect(uploadWords({ ...base, state: "paused" })).toBe("paused at 40.0 MB of 100 MB");
  });
  it("have the speed of the last seconds, and none right after a break", () => {
    const speed = new Speed();
    expect(speed.note(0, 0)).toBeUndefined();
    expect(speed.note(1000, 1000)).toBe(1000);
    expect(speed.note(41_000, 6100)).toBe(Math.round(40_000 / 5.1));
    expect(speed.note(500, 6200)).toBeUndefined();
  });
  it("are found again under the same file and place only", () => {
    const file = { name: "a|b.csv", size: 3, lastModified: 1 };
    expect(fingerprint(file, "partition:a")).not.toBe(fingerprint(file, "partition:b"));
    expect(fingerprint(file, "partition:a")).not.toBe(fingerprint({ ...file, lastModified: 2 }, "partition:a"));
  });
});

describe("partitions and files", () => {
  it("take names as they are typed", () => {
    expect(partitionName("/reports// 2024 /")).toBe("reports/2024");
    expect(partitionProblem("reports/2024")).toBeUndefined();
    expect(partitionProblem("reports/.git")).toContain("dot");
    expect(partitionProblem("a?b")).toContain("?");
  });
  it("have a line for the terminal", () => {
    expect(curlLine("http://here", "Übersicht/2024 a")).toBe("curl -F file=@name http://here/%C3%9Cbersicht/2024%20a");
  });
  it("know tables by their names", () => {
    expect(["a.csv", "a.CSV.gz", "x.xlsx", "x.parquet", "b.zip"].every(isTable)).toBe(true);
    expect(["a.bin", "csv", "a.csv.sig", "a.png"].some(isTable)).toBe(false);
  });
  it("say how long a link lives", () => {
    expect(linkWords(true, 3600)).toContain("once, within 1 hour");
    expect(linkWords(false, 86_400)).toContain("for 1 day");
  });
});
