import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { notices } from "./notices.ts";

/** Lays a gzipped twin beside every script and style, so that the server need not compress. */
function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    // From the written files: before, other plugins still put things into them.
    writeBundle(options, bundle) {
      for (const { fileName } of Object.values(bundle)) {
        if (!/\.(js|css|svg)$/.test(fileName)) continue;
        const path = join(options.dir ?? "", fileName);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

const SERVER = process.env.LONGSHORE ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [react(), notices(), gzipped()],
  // The server puts a fresh one into each page: only scripts that show it are run, whatever else is stored here.
  html: { cspNonce: "LONGSHORE-NONCE" },
  // The script of older pages was built before, into the emptied folder.
  build: {
    outDir: "../src/longshore/workbench",
    emptyOutDir: false,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  server: { proxy: { "/api": SERVER, "/downloadCSV": SERVER, "/socket.io": { target: SERVER, ws: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts", "notices.test.ts"] },
});
