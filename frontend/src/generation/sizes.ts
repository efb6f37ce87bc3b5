import type { Checkpoint, KindOfCheckpoint, Region } from "../api/types";

/** The sizes that a picture can have: shapes, and how long its longest side is. Pure; the server's rules are in generation/images/framing.py. */

export interface Size {
  width_px: number;
  height_px: number;
}

export const shapes = { square: [1, 1], landscape: [4, 3], portrait: [3, 4], wide: [16, 9], tall: [9, 16] } as const;
export type Shape = keyof typeof shapes;
export const shape_names = Object.keys(shapes) as Shape[];

/** Sides are multiples of this, px. */
const step = 8;
/** A picture is at least so long if its size is not chosen, px. */
const usual_min = 512;
const larger = [768, 1024, 1280, 1536];
/** How far a model's own size may be from a shape and still stand for it, as a factor. */
const alike = 1.1;

type Drawing = Pick<Checkpoint, "sizes">;

/** The longest side of a picture whose size is not chosen, px. */
export function usualLongest({ sizes }: Drawing): number {
  return Math.max(usual_min, ...sizes.flat());
}

/** What the longest side can be, px: the usual first, null for that, then at most two larger ones. */
export function longestChoices(checkpoint: Drawing, kind: KindOfCheckpoint): (number | null)[] {
  const most = Math.min(kind.limits.width_px?.[1] ?? Infinity, kind.limits.height_px?.[1] ?? Infinity);
  return [null, ...larger.filter((side) => side > usualLongest(checkpoint) && side <= most).slice(0, 2)];
}

/** A shape in px. longest: null for the size that the model itself draws in about this shape, enlarged if it is small. */
export function sizeOf(shape: Shape, longest: number | null, checkpoint: Drawing): Size {
  const own = ownSize(shape, checkpoint);
  const [width, height] = own ?? shapes[shape];
  const side = longest ?? Math.max(usual_min, own ? Math.max(...own) : usualLongest(checkpoint));
  const scale = side / Math.max(width, height);
  return { width_px: rounded(width * scale), height_px: rounded(height * scale) };
}

/** The shape that a size is of, at any of these lengths; null if it is none of them. */
export function shapeOf(size: Size, longest: number | null, checkpoint: Drawing): Shape | null {
  const same = (shape: Shape) => {
    const { width_px, height_px } = sizeOf(shape, longest, checkpoint);
    return width_px === size.width_px && height_px === size.height_px;
  };
  return shape_names.find(same) ?? null;
}

/** The params of a picture in the shape of its sketch: the longer side, from which the server follows the other. */
export function longestParams(longest: number | null, region: Region | undefined): Partial<Size> {
  if (!longest) return {};
  return region && region.height > region.width ? { height_px: longest } : { width_px: longest };
}

function ownSize(shape: Shape, { sizes }: Drawing): [number, number] | null {
  const [width, height] = shapes[shape];
  const distance = ([w, h]: [number, number]) => Math.abs(Math.log((w / h) / (width / height)));
  const [nearest] = [...sizes].sort((a, b) => distance(a) - distance(b));
  return nearest && distance(nearest) <= Math.log(alike) ? nearest : null;
}

const rounded = (side: number) => Math.max(step, Math.round(side / step) * step);
