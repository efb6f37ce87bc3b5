/**
 * What of the scene is in view, as Excalidraw counts it: a point (x, y) is seen at
 * ((x + scrollX) * zoom, (y + scrollY) * zoom).
 */
export interface View {
  scrollX: number;
  scrollY: number;
  zoom: number;
}

/** CSS pixels from the top left corner of the canvas. */
export interface Point {
  x: number;
  y: number;
}

const zooms = { min: 0.1, max: 30 }; // Excalidraw's own

export const possibleZoom = (zoom: number): number => Math.min(Math.max(zoom, zooms.min), zooms.max);

/** The view in which what was at `from` is at `to`, larger by the factor. */
export function movedView({ scrollX, scrollY, zoom }: View, from: Point, to: Point, factor: number): View {
  const next = possibleZoom(zoom * factor);
  return { scrollX: scrollX + to.x / next - from.x / zoom, scrollY: scrollY + to.y / next - from.y / zoom, zoom: next };
}
