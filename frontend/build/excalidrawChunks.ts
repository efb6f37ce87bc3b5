import type { Plugin } from "vite";

/**
 * Excalidraw's chunks that its font-subset worker shares with the page.
 *
 * Merged into our entry they make the worker load the whole application, fail, and fall back after a second.
 * The hashes in the names change with each Excalidraw release: `checkChunks` fails the build when they do.
 */
const shared = [
  { name: "exc-env", test: /excalidraw[\\/]dist[\\/](prod|dev)[\\/]chunk-(ZUYEQ4TG|SRAX5OIU)/, priority: 20 },
  { name: "exc-subset", test: /excalidraw[\\/]dist[\\/](prod|dev)[\\/]chunk-EIO257PC/, priority: 20 },
];

/**
 * What every visit loads at once though Excalidraw asks for it later, and what is shared: each file costs a request with its
 * headers.
 */
const atOnce = [
  "node_modules/(react|react-dom|scheduler|browser-fs-access|canvas-roundrect-polyfill)/",
  "excalidraw/dist/(prod|dev)/locales/en-",
  "vite/preload-helper",
  "src/generation/note",
].join("|").replaceAll("/", "[\\\\/]");
const base = { name: "base", test: new RegExp(atOnce), priority: 10 };

export const codeSplitting = { groups: [...shared, base] };

export function checkChunks(): Plugin {
  return {
    name: "atelier-check-chunks",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      for (const { name } of shared) {
        if (!chunks.some((chunk) => chunk.name === name)) {
          this.error(`No chunk came out as ${name}: adapt build/excalidrawChunks.ts to this Excalidraw release.`);
        }
      }
      const entries = new Set(chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName));
      const worker = chunks.find((chunk) => chunk.moduleIds.some((id) => id.includes("subset-worker")));
      if (!worker) this.error("Excalidraw's font-subset worker is not in the bundle under its known name.");
      if (worker.imports.some((file) => entries.has(file))) {
        this.error(`${worker.fileName} imports the entry: the font-subset worker would load the whole page.`);
      }
    },
  };
}
