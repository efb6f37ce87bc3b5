import { useEffect } from "react";

const ours = ".history-panel, .version-preview, dialog";

/** Closes the history by Escape, and keeps keys and focus from the canvas while a version covers it. */
export function useAlone(canvas: HTMLElement, covered: boolean, onEscape: () => void): void {
  useEffect(() => {
    const guard = (event: KeyboardEvent) => {
      const inside = event.target instanceof Element && event.target.closest(ours) !== null;
      const field = event.target instanceof Element && event.target.matches("input");
      if (event.key === "Escape" && !field && (covered || inside)) onEscape();
      // The canvas listens to the whole page: a key that nobody has the focus for would delete or paste there.
      if (covered && !inside) event.stopPropagation();
    };
    window.addEventListener("keydown", guard, { capture: true });
    return () => window.removeEventListener("keydown", guard, { capture: true });
  }, [covered, onEscape]);

  useEffect(() => {
    if (!covered) return;
    const below = [...canvas.children].filter((child) => child.matches(".excalidraw"));
    for (const child of below) child.toggleAttribute("inert", true);
    return () => {
      for (const child of below) child.toggleAttribute("inert", false);
    };
  }, [canvas, covered]);
}
