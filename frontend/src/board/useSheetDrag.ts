import { useRef } from "react";
import { sheet_heights, type SheetHeight, type SidePanelState } from "./useSidePanel";

const slip_px = 6; // a finger that presses a button moves as far as this
const flick_px_per_ms = 0.5;

interface Drag {
  from_px: number;
  height_px: number;
  last_px: number;
  last_ms: number;
  /** Downwards. */
  speed_px_per_ms: number;
}

/** Handlers for the bar of a sheet, by which it is drawn up and down; a flick takes it one height further. */
export function useSheetDrag(panel: SidePanelState) {
  const dragged = useRef(false);

  const onPointerDown = ({ button, clientY, timeStamp, currentTarget }: React.PointerEvent) => {
    dragged.current = false;
    if (!panel.sheet || button !== 0) return;
    const sheet = currentTarget.parentElement!;
    const drag: Drag = { from_px: clientY, height_px: sheet.offsetHeight, last_px: clientY, last_ms: timeStamp, speed_px_per_ms: 0 };
    const listening = new AbortController();
    const move = (event: PointerEvent) => {
      if (!dragged.current && Math.abs(event.clientY - drag.from_px) <= slip_px) return;
      dragged.current = true;
      follow(drag, event);
      sheet.style.height = `${heightOf(drag)}px`;
    };
    const end = () => {
      listening.abort();
      sheet.style.height = "";
      if (dragged.current) panel.setHeight(heightAfter(panel.height, heightOf(drag), drag.speed_px_per_ms, innerHeight));
    };
    // On the window, as a quick pointer leaves the bar, and capturing it would take the buttons their clicks.
    window.addEventListener("pointermove", move, listening);
    window.addEventListener("pointerup", end, listening);
    window.addEventListener("pointercancel", end, listening);
  };
  const onClickCapture = (event: React.MouseEvent) => {
    if (dragged.current) event.stopPropagation(); // it ended over a button
    dragged.current = false;
  };
  const onKeyDown = ({ key }: React.KeyboardEvent) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[key];
    if (step && panel.sheet) panel.setHeight(neighbour(panel.height, step));
  };
  return { onPointerDown, onClickCapture, onKeyDown };
}

function follow(drag: Drag, { clientY, timeStamp }: PointerEvent): void {
  drag.speed_px_per_ms = (clientY - drag.last_px) / Math.max(1, timeStamp - drag.last_ms);
  Object.assign(drag, { last_px: clientY, last_ms: timeStamp });
}

const heightOf = ({ height_px, from_px, last_px }: Drag) => height_px + from_px - last_px;

/** Where a sheet comes to rest that is let go at a height, by that and by its speed downwards. */
export function heightAfter(before: SheetHeight, height_px: number, speed_px_per_ms: number, page_px: number): SheetHeight {
  if (Math.abs(speed_px_per_ms) >= flick_px_per_ms) return neighbour(before, speed_px_per_ms > 0 ? -1 : 1);
  const part = height_px / page_px;
  return part < 0.28 ? "peek" : part < 0.72 ? "half" : "full";
}

function neighbour(height: SheetHeight, step: number): SheetHeight {
  return sheet_heights[Math.min(2, Math.max(0, sheet_heights.indexOf(height) + step))]!;
}
