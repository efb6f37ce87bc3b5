import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** restoring.ts for a test; where it goes is said on the command line (--outDir). */
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
