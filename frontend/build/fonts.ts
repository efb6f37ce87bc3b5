import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** Copies Excalidraw's fonts to OUT/excalidraw/fonts, where public/asset-path.js points. */
export function fonts(): Plugin {
  let folder = "";
  return {
    name: "atelier-fonts",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir, "excalidraw", "fonts");
    },
    async writeBundle() {
      const entry = createRequire(import.meta.url).resolve("@excalidraw/excalidraw");
      await cp(join(dirname(entry), "fonts"), folder, { recursive: true });
    },
  };
}
