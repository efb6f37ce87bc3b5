import type { Region } from "../api/types";
import type { SceneElement } from "./excalidraw";

/** Zoomed out further than this, notes cannot be read: text of 20 px becomes one of 10 px. */
const legible_zoom = 0.5;

/**
 * What to bring into view when a board opens: everything where that can still be read, otherwise the first frame in reading
 * order. bounds: of all elements: left, top, right, bottom, scene units. canvas: its size in CSS px.
 */
export function openingView(elements: readonly SceneElement[], [left, top, right, bottom]: readonly [number, number, number, number], canvas: Pick<Region, "width" | "height">): readonly SceneElement[] {
  const frames = elements.filter(({ type }) => type === "frame");
  if (!frames.length) return elements;
  if (Math.min(canvas.width / (right - left), canvas.height / (bottom - top)) >= legible_zoom) return elements;
  const first = frames.reduce((one, other) => (other.y < one.y || (other.y === one.y && other.x < one.x) ? other : one));
  return elements.filter(({ id, frameId }) => id === first.id || frameId === first.id);
}
