/**
 * Excalidraw's own reading of a file, for the test that holds ours against it (tests/boards/test_restore_beside_excalidraw.py).
 * Reads a list of documents' elements from standard input, each a list, and answers each with what `restore` makes of it.
 * Not part of the product's build.
 */
import "./globals";
import { readFileSync } from "node:fs";

const { restoreElements } = await import("@excalidraw/excalidraw"); // after the globals that it looks for as it loads

type Elements = Parameters<typeof restoreElements>[0];

function restored(elements: Elements): unknown {
  try {
    return restoreElements(elements, null, { repairBindings: true });
  } catch (error) {
    return { failed: String(error) };
  }
}

const documents = JSON.parse(readFileSync(0, "utf8")) as Elements[];
process.stdout.write(JSON.stringify(documents.map(restored)));
