import { useCallback, useState, useSyncExternalStore } from "react";

const sheet_screen = matchMedia("(width <= 1100px)"); // a column beside it would leave the canvas too narrow for its tools

export interface SidePanelState {
  open: boolean;
  /** It is a sheet, with a bar at the bottom of the page. */
  sheet: boolean;
  toggle(): void;
  /** Closes the panel where it is a sheet that covers the canvas. */
  uncoverCanvas(): void;
}

/** Whether the side panel is open. It starts closed on screens where it is a sheet. */
export function useSidePanel(): SidePanelState {
  const [open, setOpen] = useState(() => !sheet_screen.matches);
  const sheet = useSyncExternalStore(onSheet, () => sheet_screen.matches);
  const toggle = () => setOpen(!open);
  const uncoverCanvas = useCallback(() => {
    if (sheet_screen.matches) setOpen(false);
  }, []);
  return { open, sheet, toggle, uncoverCanvas };
}

function onSheet(listener: () => void): () => void {
  sheet_screen.addEventListener("change", listener);
  return () => sheet_screen.removeEventListener("change", listener);
}
