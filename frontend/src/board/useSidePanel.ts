import { useCallback, useMemo, useState, useSyncExternalStore } from "react";

/** Below this width the panel is a sheet; on phones held sideways a sheet would leave neither it nor the canvas any height. */
const sheet_screen = matchMedia("(width < 900px) and (height >= 480px), (width < 600px)");
const short_screen = matchMedia("(height < 700px)");

/** How far a sheet is drawn up: its bar alone, half of the page, or nearly all of it. */
export type SheetHeight = "peek" | "half" | "full";
export const sheet_heights: readonly SheetHeight[] = ["peek", "half", "full"];

export interface SidePanelState {
  open: boolean;
  /** It is a sheet at the bottom of the page, not a column at the right. */
  sheet: boolean;
  /** Of a column only whether it is "peek", which is closed. */
  height: SheetHeight;
  setHeight(height: SheetHeight): void;
  toggle(): void;
  /** Lowers a sheet as far as what happens on the canvas needs. */
  uncoverCanvas(): void;
  /** Lowers a sheet to its bar, until the result is called or a height is chosen. */
  lower(): () => void;
}

/** The height of the side panel. It starts open, except on phones held sideways. */
export function useSidePanel(): SidePanelState {
  const sheet = useSyncExternalStore(onSheet, () => sheet_screen.matches);
  const [chosen, setChosen] = useState<SheetHeight>(() => (innerWidth < 900 && !sheet_screen.matches ? "peek" : "half"));
  const [lowered, setLowered] = useState(false);
  const height = sheet && lowered ? "peek" : chosen;
  const setHeight = useCallback((aim: SheetHeight) => {
    setLowered(false);
    setChosen(aim);
  }, []);
  const toggle = useCallback(() => setHeight(height === "peek" ? "half" : "peek"), [height, setHeight]);
  const lowering = useMemo(() => ({
    uncoverCanvas() {
      const aim = short_screen.matches ? "peek" : "half";
      if (sheet_screen.matches) setChosen((now) => (now === "peek" ? now : aim));
    },
    lower() {
      setLowered(true);
      return () => setLowered(false);
    },
  }), []);
  return { open: height !== "peek", sheet, height, setHeight, toggle, ...lowering };
}

function onSheet(listener: () => void): () => void {
  sheet_screen.addEventListener("change", listener);
  return () => sheet_screen.removeEventListener("change", listener);
}
