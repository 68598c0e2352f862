import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { together } from "./tar";

describe("several files", () => {
  it("are one that tar unpacks, whatever they are called", async () => {
    const long = `${"ä".repeat(80)}.csv`;
    const contents = ["a,b\n1,2\n", "x".repeat(512), "", "y".repeat(1000)];
    const files = ["jan.csv", "jan.csv", "empty.csv", long].map((name, at) => new File([contents[at] ?? ""], name));
    const made = together(files);
    if (!made) throw new Error("nothing was made");
    const folder = mkdtempSync(join(tmpdir(), "tar-"));
    writeFileSync(join(folder, "all.tar"), new Uint8Array(await made.arrayBuffer()));
    const listed = execFileSync("tar", ["-tf", "all.tar"], { cwd: folder, env: { ...process.env, LC_ALL: "C.UTF-8" } });
    const names = listed.toString().trim().split("\n");
    expect(names).toHaveLength(4);
    expect(names.slice(0, 3)).toEqual(["jan.csv", "jan (2).csv", "empty.csv"]);
    execFileSync("tar", ["-xf", "all.tar"], { cwd: folder });
    expect(readFileSync(join(folder, "jan.csv"), "utf8")).toBe(contents[0]);
    expect(readFileSync(join(folder, "jan (2).csv"), "utf8")).toBe(contents[1]);
    expect(readFileSync(join(folder, "empty.csv"), "utf8")).toBe("");
    expect(made.name).toBe("4 files.tar");
  });
  it("that are one stay as they are", () => {
    const file = new File(["a"], "a.csv");
    expect(together([file])).toBe(file);
    expect(together([])).toBeUndefined();
  });
});
