import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Lays a gzipped twin beside every script and style, so that the server need not compress. */
function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css|svg)$/.test(file.fileName)) continue;
        const source = file.type === "chunk" ? file.code : file.source;
        this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source: gzipSync(source, { level: 9 }) });
      }
    },
  };
}

const SERVER = process.env.LONGSHORE ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [react(), gzipped()],
  build: { outDir: "../src/longshore/workbench", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1500 },
  server: { proxy: { "/api": SERVER, "/downloadCSV": SERVER, "/socket.io": { target: SERVER, ws: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
