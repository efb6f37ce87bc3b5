import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Takes the fonts out: 17 MB of base64 inside the code. What draws the picture brings its own (boards/rendering/fonts.py). */
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
 * Ends a stroke where the page does. This package is newer than the page's Excalidraw, which, once a stroke was stored,
 * stops it a little before the pen did: `last` is whether the element has a lastCommittedPoint, and reading drops that.
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

/** The scene renderer: one classic script for an embedded V8, which knows no modules. */
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
