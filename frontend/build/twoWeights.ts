import type { Plugin } from "vite";

const spare = /@font-face\s*\{[^}]*Assistant-(?:Medium|Bold)\.woff2[^}]*\}/g;

/**
 * Keeps two of the four weights of the font of Excalidraw's user interface: browsers take the nearest one for the others,
 * and every first visit loads 41 kB less.
 */
export function twoWeights(): Plugin {
  return {
    name: "atelier-two-weights",
    enforce: "pre",
    transform(code, id) {
      if (!/@excalidraw[\\/]excalidraw[\\/]dist.*index\.css/.test(id)) return;
      if (code.match(spare)?.length !== 2) this.error("The user interface's font has other files in this release: adapt build/twoWeights.ts.");
      return { code: code.replace(spare, ""), map: null };
    },
  };
}
