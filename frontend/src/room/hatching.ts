/**
 * The cost of drawing the hatching of an element. Pure; the server follows the same rule (boards/elements/hatching.py)
 * and both sides run tests/shared/hatching_cases.json.
 *
 * Excalidraw draws a hatched area line by line, four stroke widths apart, and keeps every line in memory: a few hundred
 * large areas with a thin stroke crash the page.
 */

/** Of one element; what costs more is filled solidly. */
export const element_cost_max = 10_000;
/** Of all elements that are not deleted. */
export const board_cost_max = 200_000;

export interface Hatchable {
  readonly type: string;
  readonly fillStyle?: unknown;
  readonly backgroundColor?: unknown;
  readonly strokeWidth?: unknown;
  readonly width?: unknown;
  readonly height?: unknown;
  readonly points?: unknown;
}

type Point = readonly number[];

const boxes = new Set(["rectangle", "diamond", "ellipse", "embeddable"]);
const lines = new Set(["line", "freedraw"]);
const loop_gap_max = 8; // Excalidraw's LINE_CONFIRM_THRESHOLD, scene units
const gap_per_stroke_width = 4;
const gap_min = 0.1;
const rows_per_line = 20; // between two lines roughjs goes through the area unit by unit
// Across the lines, and across those of a second pass at a right angle (roughjs' hachureAngle is -41°).
const [first_pass, second_pass] = [normalAt(49), normalAt(139)];
const passes_of = new Map<unknown, readonly Point[]>([
  ["hachure", [first_pass]],
  ["zigzag", [first_pass, first_pass]],
  ["cross-hatch", [first_pass, second_pass]],
]);

/** About how many hatch lines drawing the element takes; 0 when nothing is hatched. */
export function hatchCost(element: Hatchable): number {
  const passes = passes_of.get(element.fillStyle);
  if (!passes || (element.backgroundColor ?? "transparent") === "transparent") return 0;
  const corners = cornersOf(element);
  if (!corners) return 0;
  const gap = Math.max(gap_per_stroke_width * number(element.strokeWidth), gap_min);
  const across = passes.reduce((sum, normal) => sum + acrossOf(corners, normal), 0);
  return across / gap + across / Math.min(gap, 1) / rows_per_line;
}

/** An ellipse or diamond counts as its box. */
function cornersOf(element: Hatchable): readonly Point[] | null {
  if (boxes.has(element.type)) {
    const [width, height] = [number(element.width), number(element.height)];
    return [[0, 0], [width, 0], [width, height], [0, height]];
  }
  const points = element.points;
  return lines.has(element.type) && Array.isArray(points) && isLoop(points as Point[]) ? (points as Point[]) : null;
}

function isLoop(points: readonly Point[]): boolean {
  const [first, last] = [points[0], points.at(-1)];
  return points.length > 2 && !!first && !!last && Math.hypot(last[0]! - first[0]!, last[1]! - first[1]!) <= loop_gap_max;
}

/** How far the outline leads across the lines, there and back counted once: a line begins and ends on it. */
function acrossOf(corners: readonly Point[], normal: Point): number {
  const [x, y] = [normal[0]!, normal[1]!];
  let sum = 0;
  corners.forEach((from, at) => {
    const to = corners[(at + 1) % corners.length]!;
    sum += Math.abs((to[0]! - from[0]!) * x + (to[1]! - from[1]!) * y);
  });
  return sum / 2;
}

function normalAt(degrees: number): Point {
  const angle = (degrees * Math.PI) / 180;
  return [Math.sin(angle), Math.cos(angle)];
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
