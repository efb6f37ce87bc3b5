// Fails when files of src/ import each other in a circle: `node build/circles.js`.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const files = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name));
const candidates = (path) => [path, `${path}.ts`, `${path}.tsx`, join(path, "index.ts")];

/** Relative imports of a file, types included: two files that need each other's types are one file. */
function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), "utf8"), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => candidates(normalize(join(dirname(file), fileName))).find((path) => files.includes(path)))
    .filter(Boolean);
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const done = new Set();
const circles = [];

function walk(file, path) {
  if (path.includes(file)) return circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
  if (done.has(file)) return;
  for (const next of graph.get(file)) walk(next, [...path, file]);
  done.add(file);
}

for (const file of files) walk(file, []);
if (circles.length) {
  console.error(`Files that import each other in a circle:\n${circles.join("\n")}`);
  process.exit(1);
}
