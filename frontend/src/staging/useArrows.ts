import { useEffect, useRef } from "react";
import type { StagingPort } from "./StagingPort";

/** Flips through the candidates with the arrow keys while nothing is selected on the canvas and no field has the focus. */
export function useArrows(board: StagingPort, flip: (step: 1 | -1) => void): void {
  const latest = useRef(flip);
  useEffect(() => void (latest.current = flip));
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : null;
      if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (!isCanvas(event.target) || !board.isAtRest()) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current(step);
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, [board]);
}

/** True for the canvas and the page; false for controls that use the arrow keys. */
function isCanvas(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.matches(".excalidraw, .excalidraw canvas"));
}
