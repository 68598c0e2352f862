import { defineConfig } from "vite";
import { notices } from "./notices.ts";

/** One script without modules, under a name that stays: older pages name it. Built before the workbench. */
export default defineConfig({
  plugins: [notices({ atTheHead: true })],
  build: {
    outDir: "../src/longshore/workbench",
    emptyOutDir: true,
    target: "es2018",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: "src/compat/socket.io.ts",
      output: { format: "iife", entryFileNames: "compat/socket.io.js" },
    },
  },
});
