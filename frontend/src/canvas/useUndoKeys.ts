import { useEffect } from "react";
import { isMac } from "../ui/keys";
import { pressKeys } from "./pressKeys";

const textField = "textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=color], [type=file])";
/** Parts of the page whose keys do not reach the canvas. */
const keepsKeys = ".prompt-panel, .stage-bar";

/**
 * Lets Ctrl+Z undo and Ctrl+Y redo on the buttons of the panel too, which keeps its keys from the canvas, and Ctrl+Y
 * on every system: Excalidraw listens to it on Windows only. Text fields have an undo of their own.
 */
export function useUndoKeys(mac = isMac): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const keys = onCanvas(event, mac);
      if (!keys) return;
      event.preventDefault();
      event.stopPropagation();
      pressKeys(keys, mac);
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, [mac]);
}

/** What is pressed on the canvas instead; null for what goes its own way. */
function onCanvas({ target, key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent, mac: boolean): string | null {
  if (altKey || ctrlKey === metaKey || !(target instanceof Element)) return null;
  if (target.matches(textField) || target.closest("dialog, [contenteditable]")) return null;
  const letter = key.toLowerCase();
  if (letter === "y" && ctrlKey && !shiftKey) return "Ctrl+Shift+Z";
  if (letter === "z" && metaKey === mac && target.closest(keepsKeys)) return shiftKey ? "Ctrl+Shift+Z" : "Ctrl+Z";
  return null;
}
