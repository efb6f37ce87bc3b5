import { ApiError, type Api } from "../api/client";
import type { Imported } from "../api/types";
import type { Notices } from "../ui/notices";
import type { ExchangePort } from "./ExchangePort";

export interface Importer {
  api: Api;
  board: string;
  port: ExchangePort;
  notices: Notices;
}

const most_reasons = 3;

/** Imports files one after the other and shows a notice for each. */
export async function importFiles(files: readonly File[], importer: Importer, how: "merge" | "copy" = "merge"): Promise<void> {
  for (const file of files) await importOne(file, importer, how);
}

async function importOne(file: File, importer: Importer, how: "merge" | "copy"): Promise<void> {
  const { api, board, port, notices } = importer;
  const key = `import-${file.name}`;
  if (!port.mayEdit) {
    notices.show({ key, tone: "problem", text: "You can only view this board." });
    return;
  }
  notices.show({ key, text: `Importing ${file.name}…`, seconds: null });
  const undo = port.remember();
  try {
    const done = await port.showAsEdit(() => api.importFile(board, file, how));
    const changed = done.added + done.updated + done.revived > 0;
    if (changed) port.reveal([...done.added_ids, ...done.revived_ids, ...done.updated_ids]);
    const action = changed
      ? { label: "Undo", run: () => undo(done) }
      : done.unchanged > 0
        ? { label: "Add a copy", run: () => void importOne(file, importer, "copy") }
        : undefined;
    notices.show({ key, text: outcomeText(file.name, done), tone: done.refused.length ? "problem" : "info", action, seconds: done.refused.length || done.notes.length ? null : 20 });
  } catch (error) {
    notices.show({ key, tone: "problem", text: problemText(file.name, error), seconds: null });
  }
}

export function outcomeText(name: string, { kind, items, added, updated, revived, unchanged, refused, notes }: Imported): string {
  const parts: string[] = [];
  if (kind === "library" && added) parts.push(`Added ${count(items ?? 0, "item")} of the library ${name}.`);
  else if (added + updated + revived) parts.push(`${changesText(name, { added, updated, revived })}.`);
  else if (unchanged) parts.push(`Everything in ${name} is already on this board.`);
  else if (!refused.length && !notes.length) parts.push(`${name} is empty. Nothing was added.`);
  parts.push(...notes.map(({ message }) => message));
  const reasons = [...new Set(refused.map(({ message }) => message))];
  if (reasons.length) parts.push(`${count(refused.length, "part")} of ${name} could not be imported: ${reasons.slice(0, most_reasons).join(" ")}`);
  return parts.join(" ");
}

/** The first part names the file: "Added 2 elements from plan and brought back 1 that had been deleted here". */
function changesText(name: string, { added, updated, revived }: Pick<Imported, "added" | "updated" | "revived">): string {
  const done: [string, number, string][] = [["added", added, ""], ["updated", updated, ""], ["brought back", revived, " that had been deleted here"]];
  const clauses = done.filter(([, number]) => number).map(([verb, number, rest], at) => `${verb} ${at ? number : `${count(number, "element")} from ${name}`}${rest}`);
  const text = clauses.length > 1 ? `${clauses.slice(0, -1).join(", ")} and ${clauses.at(-1)}` : clauses[0]!;
  return text[0]!.toUpperCase() + text.slice(1);
}

function problemText(name: string, error: unknown): string {
  if (error instanceof ApiError && error.code === "no_scene") return `${name} is only a picture, without a board in it. To add the picture itself, drop it on the canvas.`;
  return `${name} was not imported. ${error instanceof Error ? error.message : String(error)}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
