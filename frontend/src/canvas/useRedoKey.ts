import { useEffect } from "react";

/** Lets Ctrl+Y redo everywhere: Excalidraw listens to it on Windows only, and to Ctrl+Shift+Z on all systems. */
export function useRedoKey(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const plain = event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (!plain || event.key.toLowerCase() !== "y" || isTextField(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
      document.dispatchEvent(new KeyboardEvent("keydown", { key: "Z", code: "KeyZ", ctrlKey: true, shiftKey: true, bubbles: true }));
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, []);
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
