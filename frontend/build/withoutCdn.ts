import type { Plugin } from "vite";

/**
 * Keeps fonts on our own origin.
 *
 * Excalidraw 0.18 lists esm.sh as the last source of every FontFace; under `font-src 'self'` each of them is a
 * console error at start. To be removed when Excalidraw lets the host choose the fallback.
 */
export function withoutCdn(base: string): Plugin {
  return {
    name: "atelier-without-cdn",
    enforce: "pre",
    transform(code, id) {
      if (!/@excalidraw[\\/]excalidraw[\\/]dist/.test(id) || !code.includes("https://esm.sh/")) return;
      const local = "`${globalThis.location?.origin}" + base + "none/${";
      return { code: code.replaceAll("`https://esm.sh/${", local), map: null };
    },
  };
}
