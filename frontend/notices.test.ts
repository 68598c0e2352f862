import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noticeOf, packageOf, read, together, written } from "./notices.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "package-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const describes = (parts: object) =>
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "it", version: "1.2.3", ...parts }));

describe("whose a module is", () => {
  it("is told by the innermost folder of packages", () => {
    expect(packageOf("/a/node_modules/one/node_modules/@of/two/dist/it.js")).toBe(
      "/a/node_modules/one/node_modules/@of/two",
    );
    expect(packageOf("\0/a/node_modules/one/it.js?commonjs-module")).toBe("/a/node_modules/one");
    expect(packageOf("/a/src/main.tsx")).toBeUndefined();
  });
  it("is the build tool's where it wrote it", () => {
    expect(packageOf("\0vite/preload-helper.js")).toMatch(/node_modules\/vite$/);
    expect(packageOf("\0rolldown/runtime.js")).toMatch(/node_modules\/rolldown$/);
  });
});

describe("what is said of a package", () => {
  it("is all that it brings", () => {
    describes({ license: "Apache-2.0" });
    writeFileSync(join(folder, "LICENSE"), "Apache\n");
    writeFileSync(join(folder, "NOTICE"), "Made by many\n");
    expect(noticeOf(folder)).toEqual({
      name: "it",
      version: "1.2.3",
      licence: "Apache-2.0",
      text: "Apache\n\nMade by many",
    });
  });
  it("is the licence's own text where it brings none", () => {
    describes({ license: "MIT", author: "Ada <ada@example.org>" });
    expect(noticeOf(folder).text).toMatch(/^Copyright \(c\) Ada\n\nPermission is hereby granted/);
  });
  it.each([{ license: "GPL-3.0-only" }, { license: "SEE LICENSE IN FILE" }, {}])("is an error for %j", (parts) => {
    describes(parts);
    expect(() => noticeOf(folder)).toThrow("may it be bundled?");
  });
  it("is an error for a licence without a text", () => {
    describes({ license: "BSD-3-Clause" });
    expect(() => noticeOf(folder)).toThrow("it brings no text of its licence, BSD-3-Clause");
  });
});

describe("the text", () => {
  const one = { name: "@of/one", version: "1.0.0", licence: "MIT", text: "Copyright\n\nAll of it" };
  const two = { name: "two", version: "2.0.0-beta.1", licence: "ISC", text: "Text" };
  it("is read as it was written", () => expect(read(written([one, two]))).toEqual([one, two]));
  it("names each package once, in order", () => expect(together([two, one], [{ ...one }])).toEqual([one, two]));
});
