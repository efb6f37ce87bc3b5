import type { Region } from "../api/types";
import { noteOf } from "./note";
import { overlap, type Shape, type Target } from "./target";

/** Which elements the model sees, on what ground and at what size. Pure; the drawing itself is the board's. */

export const longest_side_px = 1024;
const sharp_side_px = 512;

/**
 * Everything within the target but frames and earlier results: a result never becomes part of what it came from. The
 * picture that is itself the target stays, as do results of other frames that somebody laid here on purpose.
 */
export function elementsSeen<E extends Shape>(elements: readonly E[], target: Pick<Target, "id" | "shape" | "region">): E[] {
  return elements.filter((element) => {
    if (element.isDeleted || element.type === "frame" || element.type === "magicframe") return false;
    if (element.id === target.id) return true;
    if (!overlap(rough(element), target.region)) return false;
    if (target.shape === "frame" && element.frameId && element.frameId !== target.id) return false;
    const { job, source } = noteOf(element);
    return !job || (Boolean(source) && source !== target.id);
  });
}

/** A turned or unnormalised element may reach further than its box: err on the side of seeing it. */
function rough({ x, y, width, height }: Shape): Region {
  const reach = Math.hypot(width, height);
  return { x: x - reach, y: y - reach, width: 3 * reach || 1, height: 3 * reach || 1 };
}

/** The ground on which they are drawn: how a board's background looks on white. The same as on_paper in boards/background.py. */
export function onPaper(background: string): string {
  if (background === "transparent") return "#ffffff";
  const [red, green, blue, alpha] = /^#[0-9a-f]{8}$/i.test(background) ? background.match(/[0-9a-f]{2}/gi)!.map((pair) => parseInt(pair, 16)) : [];
  if (alpha === undefined) return background;
  const blended = [red!, green!, blue!].map((each) => Math.floor((each * alpha + 255 * (255 - alpha) + 127) / 255));
  return `#${blended.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** Small regions are drawn larger than life for the sake of thin lines, none beyond `longest_side_px`. */
export function snapshotSize(region: Region, longest_px = longest_side_px): { width: number; height: number; scale: number } {
  const side = Math.max(region.width, region.height, 1);
  const scale = Math.min(Math.max(2, sharp_side_px / side), longest_px / side);
  return { width: Math.max(1, Math.round(region.width * scale)), height: Math.max(1, Math.round(region.height * scale)), scale };
}
