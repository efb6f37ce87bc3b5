import type { Region } from "../api/types";

/** Where at the edge of the canvas a chip stands for a place that is out of view. Pure; CSS pixels of the canvas. */

export type Side = "left" | "right" | "above" | "below";

export interface Edge {
  side: Side;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** A picture of which so much is in view is seen. */
const seen_share = 1 / 3;
/** Room for Excalidraw's tools at the top and bottom. */
const inset = { x: 12, top: 76, bottom: 76 };

/** The point of the edge nearest to the place, for the middle of a chip of this size; null while the place is in view. */
export function edgeOf(place: Region, canvas: Size, chip: Size): Edge | null {
  if (isInView(place, canvas)) return null;
  const middle = { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  const low = { x: inset.x + chip.width / 2, y: inset.top + chip.height / 2 };
  const high = { x: canvas.width - low.x, y: canvas.height - inset.bottom - chip.height / 2 };
  const beyond: Record<Side, number> = { left: -middle.x, right: middle.x - canvas.width, above: -middle.y, below: middle.y - canvas.height };
  const side = (Object.keys(beyond) as Side[]).reduce((best, each) => (beyond[each] > beyond[best] ? each : best));
  const at = { x: within(middle.x, low.x, high.x), y: within(middle.y, low.y, high.y) };
  if (side === "left") at.x = low.x;
  if (side === "right") at.x = Math.max(low.x, high.x);
  return { side, ...at };
}

/** Whether so much of a place is in view that it is seen. */
export const isInView = (place: Region, canvas: Size) => shareInView(place, canvas) >= seen_share;

function shareInView({ x, y, width, height }: Region, canvas: Size): number {
  const across = Math.min(x + width, canvas.width) - Math.max(x, 0);
  const down = Math.min(y + height, canvas.height) - Math.max(y, 0);
  return across > 0 && down > 0 ? (across * down) / (width * height) : 0;
}

const within = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high));
