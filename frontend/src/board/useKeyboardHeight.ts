import { useEffect, type RefObject } from "react";

/**
 * Keeps `--keyboard` of an element at the height, in px, of the software keyboard that covers the page while something in
 * the element has the focus. Browsers lay it over the page, whose own height stays.
 */
export function useKeyboardHeight(element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const seen = window.visualViewport;
    const here = element.current;
    if (!seen || !here) return;
    const measure = () => {
      const typing = here.contains(document.activeElement) && seen.scale < 1.01; // a zoomed page is smaller too
      const covered_px = typing ? Math.max(0, Math.round(innerHeight - seen.height - seen.offsetTop)) : 0;
      here.style.setProperty("--keyboard", `${covered_px}px`);
    };
    seen.addEventListener("resize", measure);
    seen.addEventListener("scroll", measure);
    here.addEventListener("focusin", measure);
    return () => {
      seen.removeEventListener("resize", measure);
      seen.removeEventListener("scroll", measure);
      here.removeEventListener("focusin", measure);
    };
  }, [element]);
}
