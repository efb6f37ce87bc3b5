import type { Plugin } from "vite";

/**
 * Removes Excalidraw's limit of 4 MB per picture, which the host cannot set: the server's limit counts, and
 * src/canvas/storable.ts makes larger pictures fit. To be removed when Excalidraw has a prop for it.
 */
export function ownFileLimit(): Plugin {
  let lifted = 0;
  return {
    name: "atelier-own-file-limit",
    enforce: "pre",
    transform(code, id) {
      if (!/@excalidraw[\\/]excalidraw[\\/]dist/.test(id)) return;
      const limit = /(MAX_ALLOWED_FILE_BYTES = |,[\w$]+=)4 ?\* ?1024 ?\* ?1024(?=[,;])/;
      if (!limit.test(code)) return;
      lifted++;
      return { code: code.replace(limit, "$1Infinity"), map: null };
    },
    generateBundle() {
      if (lifted !== 1) this.error(`Excalidraw's file limit was found ${lifted} times: adapt build/ownFileLimit.ts to this release.`);
    },
  };
}
