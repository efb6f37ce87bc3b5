import { useEffect, useState, type RefObject } from "react";
import { isPhoneLayout } from "../canvas/excalidraw";

/** True if the canvas is so small that Excalidraw uses its phone layout. */
export function usePhoneLayout(canvas: RefObject<HTMLElement | null>): boolean {
  const [phone, setPhone] = useState(() => isPhoneLayout(innerWidth, innerHeight));
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setPhone(isPhoneLayout(entry!.contentRect.width, entry!.contentRect.height)));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, [canvas]);
  return phone;
}
