import { describe, expect, it } from "vitest";
import { exact, oneValue, toTsv } from "./tsv";

describe("the clipboard", () => {
  it("carries exact values between tabs", () => {
    expect(
      toTsv([
        [1234567.891, null, "a\tb"],
        [true, 'say "x"', ""],
      ]),
    ).toBe('1234567.891\t\t"a\tb"\ntrue\t"say ""x"""\t');
    expect(exact({ a: 1 })).toBe('{"a":1}');
  });
  it("takes one value and no more", () => {
    expect(oneValue("plain\r\n")).toBe("plain");
    expect(oneValue('"two\nlines"')).toBe("two\nlines");
    expect(oneValue('"said"')).toBe('"said"');
    expect(oneValue("a\tb")).toBeUndefined();
    expect(oneValue("a\nb")).toBeUndefined();
  });
});
