import { readStored, writeStored } from "../ui/stored";

const name = "atelier.prompts";
const kept = 50;

/** The prompts that were sent from this browser, on any board, each once, the newest first. */
export function earlierPrompts(): string[] {
  const found = readStored(name);
  return Array.isArray(found) ? found.filter((each): each is string => typeof each === "string").slice(0, kept) : [];
}

export function rememberPrompt(prompt: string): void {
  const text = prompt.trim();
  if (text) writeStored(name, [text, ...earlierPrompts().filter((each) => each !== text)].slice(0, kept));
}

export const forgetPrompts = (): void => writeStored(name, []);
