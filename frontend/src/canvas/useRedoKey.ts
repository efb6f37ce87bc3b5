import { useEffect } from "react";
import { pressKeys } from "./pressKeys";

/** Lets Ctrl+Y redo everywhere: Excalidraw listens to it on Windows only, and to Ctrl+Shift+Z on all systems. */
export function useRedoKey(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const plain = event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (!plain || event.key.toLowerCase() !== "y" || isTextField(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
      pressKeys("Ctrl+Shift+Z");
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, []);
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
