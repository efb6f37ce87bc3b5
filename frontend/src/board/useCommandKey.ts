import { useEffect } from "react";
import { isMac } from "../ui/keys";

const dialogs = "dialog[open]:not(.command-palette), .excalidraw .Modal, [data-testid=history]";

/**
 * Ctrl+K (Cmd+K on a Mac) opens the command palette wherever the focus is, and closes it; not over another dialog.
 *
 * Excalidraw would open the link of a selected element with it, browsers their search.
 */
export function useCommandKey(toggle: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const held = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
      if (!held || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!document.querySelector(dialogs)) toggle();
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, [toggle]);
}
