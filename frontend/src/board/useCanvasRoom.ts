import { useEffect, useState, type RefObject } from "react";
import { isPhoneLayout } from "../canvas/excalidraw";

/** How much room the canvas has: "phone": Excalidraw uses its phone layout; "tight": beside the tools is room for icons alone. */
export type CanvasRoom = "phone" | "tight" | "wide";

const tight_px = 960;

export function useCanvasRoom(canvas: RefObject<HTMLElement | null>): CanvasRoom {
  const [room, setRoom] = useState(() => roomOf(innerWidth, innerHeight));
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRoom(roomOf(entry!.contentRect.width, entry!.contentRect.height)));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, [canvas]);
  return room;
}

function roomOf(width: number, height: number): CanvasRoom {
  return isPhoneLayout(width, height) ? "phone" : width < tight_px ? "tight" : "wide";
}
