/**
 * Keeps one element from costing everything: hatching is drawn line by line, so that a shape of a million units hatched
 * with a hair has more lines than there is memory.
 */
export interface SceneElement {
  id: string;
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Its place in the order. */
  index?: string | null;
  isDeleted?: boolean;
  frameId?: string | null;
  fillStyle?: string;
  strokeWidth?: number;
  backgroundColor?: string;
  boundElements?: { id: string; type: string }[] | null;
  [field: string]: unknown;
}

/** Beyond any drawing that a person makes: a screen has 2,000 lines. */
const hatching_lines_max = 5_000;
/** Excalidraw hatches with gaps of four stroke widths. */
const gap_in_stroke_widths = 4;

/** The element itself, or a copy that is filled evenly where hatching would have too many lines. */
export function tamed(element: SceneElement): SceneElement {
  const { width, height, fillStyle, strokeWidth = 1 } = element;
  if (!fillStyle || fillStyle === "solid") return element;
  const gap = Math.max(strokeWidth * gap_in_stroke_widths, 0.1);
  return Math.hypot(width, height) / gap > hatching_lines_max ? { ...element, fillStyle: "solid" } : element;
}
