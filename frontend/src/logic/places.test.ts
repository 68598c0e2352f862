import { describe, expect, it, vi } from "vitest";
import { change, editable, filled, itemsOf, jsonProblem, Later, listNameProblem, typedValue } from "./items";
import { jobWords, largest, lasting, took, verdict } from "./serving";
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

describe("items", () => {
  it("keep text as text, and read the rest as JSON", () => {
    expect(typedValue("12", "007")).toBe("12");
    expect(typedValue("12", 7)).toBe(12);
    expect(typedValue("007")).toBe("007");
    expect(typedValue("[1, 2]")).toEqual([1, 2]);
    expect(typedValue("yes", true)).toBe("yes");
  });
  it("are merged only where something changed", () => {
    const item = { id: 1, name: "Ann", age: 3, tags: ["a"] };
    expect(change(item, "name", "Ann")).toBeUndefined();
    expect(change(item, "tags", editable(item.tags))).toBeUndefined();
    expect(change(item, "name", "")).toEqual({ name: "" });
    expect(change(item, "age", "")).toEqual({ age: null });
    expect(change(item, "age", "4")).toEqual({ age: 4 });
    expect(change(item, "new", "")).toBeUndefined();
  });
  it("are made of filled fields, or of JSON", () => {
    expect(
      filled([
        ["a", "1"],
        [" b ", "x"],
        ["c", ""],
        ["", "lost"],
        ["id", "7"],
      ]),
    ).toEqual({ a: 1, b: "x", id: 7 }); // the server says why that cannot be
    expect(itemsOf('[{"a": 1}]')).toEqual([{ a: 1 }]);
    expect(() => itemsOf("{a")).toThrow("not JSON yet");
    expect(() => itemsOf("[1]")).toThrow("object");
    expect(() => itemsOf("[]")).toThrow("no item");
    expect(jsonProblem("{}")).toBeUndefined();
    expect(jsonProblem("{")).toBeTruthy();
    expect(listNameProblem("a/b")).toContain("slash");
  });
  it("go later, unless taken back, and at once when the page goes", () => {
    vi.useFakeTimers();
    const later = new Later();
    const [one, two, three] = [vi.fn(), vi.fn(), vi.fn()];
    later.in(8, one);
    later.in(8, two)();
    vi.advanceTimersByTime(7999);
    expect(one).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(one).toHaveBeenCalledExactlyOnceWith(false);
    later.in(8, three);
    later.flush();
    vi.advanceTimersByTime(10_000);
    expect(three).toHaveBeenCalledExactlyOnceWith(true);
    expect(two).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});

describe("the server", () => {
  it("is told in words", () => {
    expect(verdict([{ name: "disk", ok: true }])).toBe("All is well");
    expect(
      verdict([
        { name: "disk", ok: false },
        { name: "broker", ok: false },
      ]),
    ).toBe("Not well: Disk, Message broker");
    expect(jobWords({ SUCCESS: 1204, STARTED: 2, FAILURE: 0 })).toBe("2 running, 1,204 done");
    expect(jobWords({})).toBe("none");
    expect([took(0.0001), took(0.0123), took(1.04)]).toEqual(["under 1 ms", "12 ms", "1.0 s"]);
    expect([lasting(0.2), lasting(61), lasting(90_000), lasting(3600)]).toEqual([
      "under a second",
      "1 minute 1 second",
      "1 day 1 hour",
      "1 hour",
    ]);
    expect(largest({ a: 0, b: 1, c: 2 })).toEqual([
      ["c", 2],
      ["b", 1],
    ]);
  });
});
