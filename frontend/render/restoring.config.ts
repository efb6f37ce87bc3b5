import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Builds restoring.ts for a test, into the folder given by --outDir. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  publicDir: false,
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    target: "es2022",
    minify: false,
    emptyOutDir: true,
    chunkSizeWarningLimit: 16384,
    rolldownOptions: { external: /^node:/ },
    lib: { entry: "restoring.ts", formats: ["es"], fileName: () => "restoring.mjs" },
  },
});
