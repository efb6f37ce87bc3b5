import { useCallback, useState, type RefObject } from "react";

export interface HistoryState {
  /** The canvas that the history lies over; null while it is closed. */
  over: HTMLElement | null;
  show(): void;
  /** Closes the history; the canvas gets the focus. */
  close(): void;
}

export function useHistory(canvas: RefObject<HTMLElement | null>): HistoryState {
  const [over, setOver] = useState<HTMLElement | null>(null);
  const show = useCallback(() => setOver(canvas.current), [canvas]);
  const close = useCallback(() => {
    setOver(null);
    canvas.current?.querySelector<HTMLElement>(".excalidraw")?.focus();
  }, [canvas]);
  return { over, show, close };
}
