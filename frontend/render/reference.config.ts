import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { withoutCdn } from "../build/withoutCdn.ts";

const base = "/reference/";

/** Builds reference.ts for tests, into the folder given by --outDir. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base,
  plugins: [withoutCdn(base)],
  publicDir: false,
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    target: "es2022",
    minify: false,
    emptyOutDir: true,
    chunkSizeWarningLimit: 16384,
    lib: { entry: "reference.ts", formats: ["es"], fileName: () => "reference.js" },
  },
});
