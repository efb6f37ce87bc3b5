import { ApiError, type Api } from "../api/client";
import type { Imported } from "../api/types";
import type { Notices } from "../ui/notices";
import type { ExchangePort } from "./ExchangePort";
import { errorText, noteText, t, tn } from "../language/t";

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
    notices.show({ key, tone: "problem", text: t("You can only view this board.") });
    return;
  }
  notices.show({ key, text: t("Importing {name}…", { name: file.name }), seconds: null });
  const undo = port.remember();
  try {
    const done = await port.showAsEdit(() => api.importFile(board, file, how));
    const changed = done.added + done.updated + done.revived > 0;
    if (changed) port.reveal([...done.added_ids, ...done.revived_ids, ...done.updated_ids]);
    const action = changed
      ? { label: t("Undo"), run: () => undo(done) }
      : done.unchanged > 0
        ? { label: t("Add a copy"), run: () => void importOne(file, importer, "copy") }
        : undefined;
    notices.show({ key, text: outcomeText(file.name, done), tone: done.refused.length ? "problem" : "info", action, seconds: done.refused.length || done.notes.length ? null : 20 });
  } catch (error) {
    notices.show({ key, tone: "problem", text: problemText(file.name, error), seconds: null });
  }
}

export function outcomeText(name: string, { kind, items, added, updated, revived, unchanged, refused, notes }: Imported): string {
  const parts: string[] = [];
  if (kind === "library" && added) parts.push(tn(items ?? 0, "{name}: {n} item of the library added.", "{name}: {n} items of the library added.", { name }));
  else if (added + updated + revived) parts.push(changesText(name, { added, updated, revived }));
  else if (unchanged) parts.push(t("Everything in {name} is already on this board.", { name }));
  else if (!refused.length && !notes.length) parts.push(t("{name} is empty. Nothing was added.", { name }));
  parts.push(...notes.map(({ code, count, message }) => noteText(code, count, message)));
  const reasons = [...new Set(refused.map(({ code, message }) => errorText(code, message)))];
  if (reasons.length) parts.push(tn(refused.length, "{n} part of {name} could not be imported: {reasons}", "{n} parts of {name} could not be imported: {reasons}", { name, reasons: reasons.slice(0, most_reasons).join(" ") }));
  return parts.join(" ");
}

/** As "plan: 2 elements added, 1 element brought back that had been deleted here." */
function changesText(name: string, { added, updated, revived }: Pick<Imported, "added" | "updated" | "revived">): string {
  const clauses = [
    added && tn(added, "{n} element added", "{n} elements added"),
    updated && tn(updated, "{n} element updated", "{n} elements updated"),
    revived && tn(revived, "{n} element brought back that had been deleted here", "{n} elements brought back that had been deleted here"),
  ];
  return t("{name}: {changes}.", { name, changes: clauses.filter(Boolean).join(", ") });
}

function problemText(name: string, error: unknown): string {
  if (error instanceof ApiError && error.code === "no_scene") return t("{name} is only a picture, without a board in it. To add the picture itself, drop it on the canvas.", { name });
  return t("{name} was not imported. {reason}", { name, reason: error instanceof Error ? error.message : String(error) });
}
