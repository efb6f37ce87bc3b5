import { ApiError, type Api } from "../api/client";
import type { Imported } from "../api/types";
import type { Notices } from "../ui/notices";
import type { ExchangePort } from "./boardPort";

export interface Importer {
  api: Api;
  board: string;
  port: ExchangePort;
  notices: Notices;
}

/** Brings files to the board, one after the other, and says what came of each. */
export async function importFiles(files: readonly File[], importer: Importer): Promise<void> {
  for (const file of files) await importOne(file, importer, "merge");
}

async function importOne(file: File, importer: Importer, how: "merge" | "copy"): Promise<void> {
  const { api, board, port, notices } = importer;
  const key = `import-${file.name}`;
  if (!port.mayEdit) {
    notices.show({ key, tone: "problem", text: "You can look at this board, not add to it." });
    return;
  }
  notices.show({ key, text: `Importing ${file.name}…`, seconds: null });
  const undo = port.remember();
  try {
    const done = await api.importFile(board, file, how);
    const changed = done.added + done.updated > 0;
    if (changed) port.reveal([...done.added_ids, ...done.updated_ids]);
    const action = changed
      ? { label: "Undo", run: () => undo(done) }
      : done.unchanged > 0
        ? { label: "Add a copy", run: () => void importOne(file, importer, "copy") }
        : undefined;
    notices.show({ key, text: outcomeText(file.name, done), tone: done.refused.length ? "problem" : "info", action, seconds: done.refused.length ? null : 20 });
  } catch (error) {
    notices.show({ key, tone: "problem", text: problemText(file.name, error), seconds: null });
  }
}

export function outcomeText(name: string, { kind, items, added, updated, unchanged, refused }: Imported): string {
  const parts: string[] = [];
  if (kind === "library" && added) parts.push(`Added ${count(items ?? 0, "item")} of the library ${name}.`);
  else if (added && updated) parts.push(`Added ${count(added, "element")} from ${name} and updated ${updated}.`);
  else if (added) parts.push(`Added ${count(added, "element")} from ${name}.`);
  else if (updated) parts.push(`Updated ${count(updated, "element")} from ${name}.`);
  else if (unchanged) parts.push(`Everything in ${name} is on this board already.`);
  else if (!refused.length) parts.push(`${name} is empty: there was nothing to add.`);
  if (refused.length) parts.push(`${count(refused.length, "part")} of ${name} could not be taken: ${refused[0]!.message}`);
  return parts.join(" ");
}

function problemText(name: string, error: unknown): string {
  if (error instanceof ApiError && error.code === "no_scene") return `${name} is only a picture, without a board in it. To place it as a picture, drop it on the canvas.`;
  return `${name} was not imported. ${error instanceof Error ? error.message : String(error)}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
