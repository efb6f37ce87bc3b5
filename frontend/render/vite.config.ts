import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Removes 17 MB of base64 fonts from the code; the rasteriser has its own (boards/rendering/fonts.py). */
function withoutFonts(): Plugin {
  return {
    name: "atelier-without-fonts",
    enforce: "pre",
    transform(code, id) {
      if (!/@excalidraw[\\/]utils[\\/]dist/.test(id)) return;
      const stripped = code.replace(/"data:font\/woff2;base64,[^"]*"/g, '"data:,"');
      if (stripped.length > 5_000_000) this.error("The fonts are no longer where they were in @excalidraw/utils.");
      return { code: stripped, map: null };
    },
  };
}

/**
 * Ends a stroke where the page does. This package is newer than the page's Excalidraw, which ends a stored stroke a little
 * before the pen did: `last` is true if the element has a lastCommittedPoint, which reading drops.
 */
function strokesAsOnThePage(): Plugin {
  return {
    name: "atelier-strokes-as-on-the-page",
    enforce: "pre",
    transform(code, id) {
      if (!/@excalidraw[\\/]utils[\\/]dist[\\/]prod[\\/]index\.js$/.test(id)) return;
      const [before, after, ...more] = code.split("last:!0");
      if (after === undefined || more.length) this.error("The end of a stroke is no longer drawn where it was in @excalidraw/utils.");
      return { code: `${before}last:!1${after}`, map: null };
    },
  };
}

/** Builds the scene renderer as one classic script for an embedded V8 without modules. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [withoutFonts(), strokesAsOnThePage()],
  publicDir: false,
  define: { "import.meta.url": '"http://localhost/"', "import.meta.env": "{}" },
  build: {
    outDir: "dist",
    emptyOutDir: false, // the fonts lie there too (boards/rendering/fonts.py)
    target: "es2022",
    chunkSizeWarningLimit: 4096,
    lib: { entry: "scene.ts", formats: ["iife"], name: "atelierScene", fileName: () => "scene.js" },
  },
});
