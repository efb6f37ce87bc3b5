import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressed } from "./build/compressed.ts";
import { checkChunks, codeSplitting } from "./build/excalidrawChunks.ts";
import { fonts } from "./build/fonts.ts";
import { ownFileLimit } from "./build/ownFileLimit.ts";
import { slicedFont } from "./build/slicedFont.ts";
import { trueColours } from "./build/trueColours.ts";
import { withoutCdn } from "./build/withoutCdn.ts";

const canvas = (file: string) => fileURLToPath(new URL(`src/canvas/${file}`, import.meta.url));
const base = "/static/board/"; // Django collects frontend/dist under this prefix

export default defineConfig({
  base,
  plugins: [withoutCdn(base), ownFileLimit(), trueColours(), slicedFont(), react(), checkChunks(), fonts(), compressed()],
  resolve: { alias: { "image-blob-reduce": canvas("imageBlobReduce.ts"), pica: canvas("imageBlobReduce.ts"), pako: canvas("pako.ts") } },
  build: {
    manifest: true,
    target: "es2022",
    chunkSizeWarningLimit: 2048, // Excalidraw is one big chunk; everything else of it is loaded when needed
    rolldownOptions: { input: "src/main.tsx", output: { codeSplitting } },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node", // a file that needs a page says so in its first line
    restoreMocks: true,
    setupFiles: "src/test/patience.ts",
    testTimeout: 60_000,
  },
});
