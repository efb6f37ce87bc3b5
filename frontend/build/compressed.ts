import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const textual = /\.(js|css|json|svg|html|txt|map)$/;
const smallest_bytes = 1024;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/** Writes NAME.br and NAME.gz beside every text file over 1 KB, so that the server never compresses on the way out. */
export function compressed(): Plugin {
  let folder = "";
  const firstLoad = new Set<string>();
  return {
    name: "atelier-compressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    writeBundle(_options, bundle) {
      const add = (name: string) => {
        const file = bundle[name];
        if (firstLoad.has(name) || file?.type !== "chunk") return;
        for (const css of file.viteMetadata?.importedCss ?? []) firstLoad.add(css);
        firstLoad.add(name);
        file.imports.forEach(add);
      };
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk" && file.isEntry) add(file.fileName);
      }
    },
    async closeBundle() {
      for (const name of await readdir(folder, { recursive: true })) {
        const path = join(folder, name);
        if (!textual.test(name) || !(await stat(path)).isFile()) continue;
        const bytes = await readFile(path);
        if (bytes.length <= smallest_bytes) continue;
        // 11 is several times slower than 9 and saves a few per cent: worth it for what every visitor loads.
        const quality = firstLoad.has(name.replaceAll("\\", "/")) ? 11 : 9;
        const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        await writeFile(`${path}.br`, await brotli(bytes, { params }));
        await writeFile(`${path}.gz`, await zip(bytes, { level: 9 }));
      }
    },
  };
}
