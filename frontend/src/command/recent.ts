import { readStored, writeStored } from "../ui/stored";

const name = "atelier.commands";
const kept = 5;

/** Ids of the commands used last in this browser, the newest first. */
export function recentCommands(): string[] {
  const found = readStored(name);
  return Array.isArray(found) ? found.filter((each): each is string => typeof each === "string").slice(0, kept) : [];
}

export function rememberCommand(id: string): void {
  writeStored(name, [id, ...recentCommands().filter((each) => each !== id)].slice(0, kept));
}
