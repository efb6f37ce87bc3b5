import type { Region } from "../api/types";
import { noteOf } from "./note";
import { overlap, reachOf, type Shape, type Target } from "./target";

/**
 * Which elements the model is given as a sketch, on what ground and at what size. Pure; the board draws it.
 *
 * The same rules as boards/rendering/snapshot.py: both run tests/shared/snapshot_cases.json.
 */

export const longest_side_px = 1024;
const sharp_side_px = 512;

/**
 * The elements in the region of the target, without frames and without results of the target: a result never becomes part of
 * what it is made from. A picture that is itself the target stays, as do results of other frames: they were put here on purpose.
 */
export function elementsSeen<E extends Shape>(elements: readonly E[], target: Pick<Target, "id" | "shape" | "region">): E[] {
  return elements.filter((element) => {
    if (element.isDeleted || element.type === "frame" || element.type === "magicframe") return false;
    if (element.id === target.id) return true;
    if (!overlap(reachOf(element), target.region)) return false;
    if (target.shape === "frame" && element.frameId && element.frameId !== target.id) return false;
    const { job, source } = noteOf(element);
    return !job || (Boolean(source) && source !== target.id);
  });
}

/** The colour behind the elements: the board's background as it looks on white. The same as on_paper in boards/background.py. */
export function onPaper(background: string): string {
  if (background === "transparent") return "#ffffff";
  const [red, green, blue, alpha] = /^#[0-9a-f]{8}$/i.test(background) ? background.match(/[0-9a-f]{2}/gi)!.map((pair) => parseInt(pair, 16)) : [];
  if (alpha === undefined) return background;
  const blended = [red!, green!, blue!].map((each) => Math.floor((each * alpha + 255 * (255 - alpha) + 127) / 255));
  return `#${blended.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** Pixels of a snapshot. Small regions are enlarged, so that thin lines survive; no side is longer than longest_px. */
export function snapshotSize(region: Region, longest_px = longest_side_px): { width: number; height: number; scale: number } {
  const side = Math.max(region.width, region.height, 1);
  const scale = Math.min(Math.max(2, sharp_side_px / side), longest_px / side);
  return { width: Math.max(1, Math.round(region.width * scale)), height: Math.max(1, Math.round(region.height * scale)), scale };
}
