import { describe, expect, it } from "vitest";
import { type Cluster, effectOf, mergesOf, startOf } from "./merges";

describe("spellings to merge", () => {
  const clusters: Cluster[] = [
    {
      values: [
        ["Rome", 5],
        ["rome", 1],
        ["ROME", 2],
      ],
      suggested: "Rome",
      rows: 8,
      valueCount: 3,
    },
    {
      values: [
        ["Oslo", 2],
        ["oslo", 1],
      ],
      suggested: "Oslo",
      rows: 3,
      valueCount: 2,
    },
  ];
  it("change all but the target", () => {
    const choices = startOf(clusters);
    expect(mergesOf(clusters, choices)).toEqual([
      { from: ["rome", "ROME"], to: "Rome" },
      { from: ["oslo"], to: "Oslo" },
    ]);
    expect(effectOf(clusters, choices)).toEqual({ groups: 2, values: 3, rows: 4 });
    choices[0] = { isOn: true, target: "Roma" };
    choices[1] = { isOn: false, target: "Oslo" };
    expect(mergesOf(clusters, choices)).toEqual([{ from: ["Rome", "rome", "ROME"], to: "Roma" }]);
    expect(effectOf(clusters, choices)).toEqual({ groups: 1, values: 3, rows: 8 });
  });
});
