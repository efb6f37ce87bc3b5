import type { Region } from "../api/types";
import { boundsOf, turnedAbout } from "./bounds";
import { overlap, reachOf, type Shape, type Target } from "./target";

/**
 * Which part of a region is repainted. Pure; the board draws it. A picture that is the target is upright in it, however it is
 * turned on the board; what was drawn over it is turned along.
 *
 * The same rules as boards/rendering/masking.py: both run tests/shared/snapshot_cases.json.
 */

const black = "#000000";
export const white = "#ffffff";
/** Scene units around a picture that count as covered: it need not fill its frame to the last unit. */
const rim = 2;

/** The pictures of which a part is repainted: those in the region, or the one that is itself the target. */
export function picturesOf<E extends Shape>(elements: readonly E[], target: Pick<Target, "id" | "shape" | "region">): E[] {
  return belonging(elements, target).filter(({ type }) => type === "image");
}

/**
 * The elements that draw the mask on a white ground, in drawing order: pictures become black rectangles, drawings white. So
 * what was drawn over a picture is repainted, and what no picture covers.
 */
export function maskOf<E extends Shape>(elements: readonly E[], target: Pick<Target, "id" | "shape" | "region">): E[] {
  return belonging(elements, target).map((element) => ({ ...element, frameId: null, ...(element.type === "image" ? covered : drawn) }));
}

/** no_picture: there is nothing to repaint. unmarked: nobody has drawn over it, and it covers everything. */
export type MaskState = "no_picture" | "unmarked" | "marked";

/** Points along each side of the region that are looked at. */
const samples = 12;

/** Whether the mask has white in it. The server looks at the mask itself. */
export function maskState(elements: readonly Shape[], target: Pick<Target, "id" | "shape" | "region">): MaskState {
  const here = belonging(elements, target);
  const pictures = here.filter(({ type }) => type === "image").map(boundsOf);
  if (!pictures.length) return "no_picture";
  const drawnOver = here.some((element) => element.type !== "image" && pictures.some((picture) => overlap(boundsOf(element), picture)));
  return drawnOver || (target.shape === "frame" && isUncovered(target.region, pictures)) ? "marked" : "unmarked";
}

function isUncovered({ x, y, width, height }: Region, pictures: readonly Region[]): boolean {
  const at = Array.from({ length: samples }, (_, index) => (index + 0.5) / samples);
  const covers = (px: number, py: number) => pictures.some((box) => px >= box.x - rim && px <= box.x + box.width + rim && py >= box.y - rim && py <= box.y + box.height + rim);
  return at.some((across) => at.some((down) => !covers(x + across * width, y + down * height)));
}

const drawn = {
  strokeColor: white,
  backgroundColor: white, // so that a closed line covers what is inside
  fillStyle: "solid",
  opacity: 100,
};

const covered = {
  type: "rectangle",
  strokeColor: black,
  backgroundColor: black,
  fillStyle: "solid",
  strokeStyle: "solid",
  strokeWidth: 2 * rim,
  roughness: 0,
  opacity: 100,
  roundness: null,
  fileId: null,
};

function belonging<E extends Shape>(elements: readonly E[], target: Pick<Target, "id" | "shape" | "region">): E[] {
  return turnedBack(elements, target).filter((element) => {
    if (element.isDeleted || element.type === "frame" || element.type === "magicframe") return false;
    if (target.shape === "picture") {
      if (element.type === "image") return element.id === target.id;
    } else if (element.frameId && element.frameId !== target.id) {
      return false;
    }
    return overlap(element.type === "image" ? boundsOf(element) : reachOf(element), target.region);
  });
}

/** The elements as they lie when the target picture is upright. */
function turnedBack<E extends Shape>(elements: readonly E[], { id, shape, region }: Pick<Target, "id" | "shape" | "region">): readonly E[] {
  const angle = shape === "picture" ? (elements.find((element) => element.id === id)?.angle ?? 0) : 0;
  if (!angle) return elements;
  const middle = [region.x + region.width / 2, region.y + region.height / 2] as const;
  return elements.map((element) => turnedAbout(element, middle, -angle));
}
