import { isMac } from "../ui/keys";

const codes = new Map([["'", "Quote"], ["=", "Equal"], ["-", "Minus"], ["?", "Slash"], ["[", "BracketLeft"], ["]", "BracketRight"]]);

/** Does on the canvas what these keys do there. keys: as "Ctrl+Shift+Z"; Ctrl is Cmd on a Mac. */
export function pressKeys(keys: string, mac = isMac): void {
  const parts = keys.split("+");
  const key = parts.at(-1)!;
  const ctrl = parts.includes("Ctrl");
  const shiftKey = parts.includes("Shift");
  const code = codes.get(key) ?? (/^\d$/.test(key) ? `Digit${key}` : /^[A-Z]$/.test(key) ? `Key${key}` : key);
  const named = key.length === 1 && !shiftKey ? key.toLowerCase() : key;
  document.dispatchEvent(new KeyboardEvent("keydown", { key: named, code, ctrlKey: ctrl && !mac, metaKey: ctrl && mac, altKey: parts.includes("Alt"), shiftKey, bubbles: true }));
}
