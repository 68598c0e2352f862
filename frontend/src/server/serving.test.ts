import { describe, expect, it } from "vitest";
import { jobWords, largest, lasting, took, verdict } from "./serving";

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
