import { describe, expect, it } from "vitest";
import { ago, bytes, counted, isoDay, share, visible } from "./format";

describe("what people read", () => {
  it("counts things in words", () => {
    expect(counted(1, "row")).toBe("1 row");
    expect(counted(12345, "row")).toBe("12,345 rows");
    expect(counted(2, "day")).toBe("2 days");
    expect(counted(2, "entry")).toBe("2 entries");
  });
  it("is what every page counts with: no number stands before a plural by itself", () => {
    const sources = import.meta.glob<string>("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
    const found = Object.entries(sources)
      .filter(([path]) => !/\.test\.|generated/.test(path))
      .flatMap(([path, text]) =>
        text
          .split("\n")
          .filter((line) =>
            /\{(?:count\()?\w+(?:\.\w+)*\)?\} (?:rows|steps|values|columns|cells|files|jobs)\b(?!=)/.test(line),
          )
          .map((line) => `${path}: ${line.trim()}`),
      );
    expect(found.filter((line) => !/[ =]=== 1 \?|> 1 [?&]|The first|more of the/.test(line))).toEqual([]);
  });
  it("never calls some missing none, nor nearly all all", () => {
    expect(share(1, 1000)).toBe("<1%");
    expect(share(999, 1000)).toBe(">99%");
    expect(share(0, 0)).toBe("0%");
    expect(share(1000, 1000)).toBe("100%");
  });
  it("tells sizes and times", () => {
    expect(bytes(999)).toBe("999 B");
    expect(bytes(1_399_981)).toBe("1.4 MB");
    expect(ago(100, 130)).toBe("just now");
    expect(ago(0, 7200)).toBe("2 hours ago");
    expect(isoDay("2020-01-02T00:00:00Z")).toBe("2020-01-02");
    expect(isoDay("2020-01-02T10:00:00Z")).toBe("2020-01-02T10:00:00Z");
  });
  it("shows blanks at the ends, and only there", () => {
    expect(visible(" a b\t")).toEqual({ before: "·", middle: "a b", after: "→" });
    expect(visible("   ")).toEqual({ before: "···", middle: "", after: "" });
  });
});
