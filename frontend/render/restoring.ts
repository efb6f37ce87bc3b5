/**
 * Excalidraw's own reading of files, for the test that compares ours with it (tests/boards/test_restore_beside_excalidraw.py).
 * Reads a JSON list of lists of elements from standard input and prints each list as `restoreElements` returns it.
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
