import { useEffect, type RefObject } from "react";
import type { CanvasSession } from "../canvas/CanvasSession";
import { moveView } from "../canvas/excalidraw";

/** Keeps the middle of the view in the middle while a sheet makes the canvas lower and higher. */
export function useSteadyView(canvas: RefObject<HTMLElement | null>, session: CanvasSession | null, sheet: boolean): void {
  useEffect(() => {
    if (!session || !sheet) return;
    let before_px = canvas.current!.clientHeight;
    const observer = new ResizeObserver(([entry]) => {
      const grown_px = entry!.contentRect.height - before_px;
      before_px = entry!.contentRect.height;
      if (grown_px) moveView(session.canvas, 0, grown_px / 2);
    });
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, [canvas, session, sheet]);
}
