import { useCallback, useState } from "react";

const sheet_screen = "(width <= 1060px)"; // a column beside it would leave the canvas too narrow for its tools

export interface SidePanelState {
  open: boolean;
  toggle(): void;
  /** Closes the panel where it is a sheet that covers the canvas. */
  uncoverCanvas(): void;
}

/** Whether the side panel is open. It starts closed on screens where it is a sheet. */
export function useSidePanel(): SidePanelState {
  const [open, setOpen] = useState(() => !matchMedia(sheet_screen).matches);
  const toggle = () => setOpen(!open);
  const uncoverCanvas = useCallback(() => {
    if (matchMedia(sheet_screen).matches) setOpen(false);
  }, []);
  return { open, toggle, uncoverCanvas };
}
