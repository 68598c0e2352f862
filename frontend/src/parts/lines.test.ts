import { describe, expect, it } from "vitest";
import { hasLines, withLineEnds } from "./lines";

const asTyped = (text: string) => text.replace(/\r\n?/g, "\n");

describe("line ends", () => {
  const texts = ["a\nb", "a\r\nb\r\nc", "a\rb", "a\r\nb\nc\rd", "\r\n", "a\n", "\n\r\n\r", "one"];

  it("stay as they are in a text that was not changed", () => {
    for (const text of texts) expect(withLineEnds(text, asTyped(text))).toBe(text);
  });

  it("stay as they are around what was changed", () => {
    expect(withLineEnds("a\r\nb\nc\rd", "a\nB\nc\nd")).toBe("a\r\nB\nc\rd");
    expect(withLineEnds("a\r\nb\r\nc", "a\nb\nc!")).toBe("a\r\nb\r\nc!");
    expect(withLineEnds("a\r\nb", "!a\nb")).toBe("!a\r\nb");
  });

  it("of new lines are those of the others", () => {
    expect(withLineEnds("a\r\nb", "a\nnew\nb")).toBe("a\r\nnew\r\nb");
    expect(withLineEnds("a\r\nb", "a\nb\nc")).toBe("a\r\nb\r\nc");
    expect(withLineEnds("a\rb", "x\ny\nz")).toBe("x\ry\rz");
  });

  it("are those of a browser where there were none", () => {
    expect(withLineEnds("one", "one\ntwo")).toBe("one\ntwo");
  });

  it("go with their lines", () => {
    expect(withLineEnds("a\r\nb\r\nc", "a\nc")).toBe("a\r\nc");
    expect(withLineEnds("a\r\nb", "")).toBe("");
  });

  it("are found in texts alone", () => {
    expect([hasLines("a\nb"), hasLines("ab"), hasLines(3), hasLines(null)]).toEqual([true, false, false, false]);
  });
});
