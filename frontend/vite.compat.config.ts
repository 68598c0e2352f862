import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** The folder of the package that a module belongs to; nothing for our own. */
function packageOf(module: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
}

function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} brings no licence text`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
}

/** Puts the licences of the packages in a script at its head, and lays the gzipped twin beside it. */
function licensed(): Plugin {
  return {
    name: "licensed",
    apply: "build",
    // Into the written file: before, comments are still taken out.
    writeBundle(options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        const packages = new Set(chunk.moduleIds.map(packageOf).filter((each) => each !== undefined));
        const licences = [...packages].sort().map(licenceOf).join("\n\n").replaceAll("*/", "* /");
        const path = join(options.dir ?? "", chunk.fileName);
        writeFileSync(path, `/*!\n${licences}\n*/\n${readFileSync(path, "utf8")}`);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

/** One script without modules, under a name that stays: older pages name it. Built before the workbench. */
export default defineConfig({
  plugins: [licensed()],
  build: {
    outDir: "../src/longshore/workbench",
    emptyOutDir: true,
    target: "es2018",
    modulePreload: { polyfill: false },
    rollupOptions: { input: "src/compat/socket.io.ts", output: { format: "iife", entryFileNames: "compat/socket.io.js" } },
  },
});
