/**
 * The rectangle that an element covers on a board. Pure; the same rule as boards/elements/bounds.py: both run
 * tests/shared/bounds_cases.json.
 */

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The fields of an element that say where it is drawn. */
export interface Extent {
  type?: string;
  x: number;
  y: number;
  width?: number;
  height?: number;
  angle?: number;
  strokeWidth?: number;
  points?: readonly (readonly number[])[] | null;
}

/** Excalidraw draws a free stroke this many times as wide as its strokeWidth. */
const freedraw_width = 4.25;
const stroked = new Set(["rectangle", "diamond", "ellipse", "line", "arrow", "freedraw"]);
const pointed = new Set(["line", "arrow", "freedraw"]);

type Point = readonly [number, number];

/**
 * The smallest upright rectangle around all that is drawn of an element.
 *
 * A line or stroke covers its points, which may lie left of and above where it begins; a negative width or height counts
 * from its other side. The angle and the width of the stroke are included; the bulge of curves and arrowheads is not.
 */
export function boundsOf(element: Extent): Box {
  const { x, y, width, height } = around(turned(outline(element), element.angle ?? 0));
  const margin = marginOf(element);
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
}

/** The element turned by an angle in radians about a point of the board. */
export function turnedAbout<E extends Extent>(element: E, about: Point, angle: number): E {
  const box = around(outline(element));
  const middle: Point = [box.x + box.width / 2, box.y + box.height / 2];
  const [x, y] = turn(middle, about, angle);
  return { ...element, x: element.x + x - middle[0], y: element.y + y - middle[1], angle: (element.angle ?? 0) + angle };
}

function outline({ type, x, y, width = 0, height = 0, points }: Extent): Point[] {
  const own = (points ?? []).filter((point) => point.length >= 2) as unknown as readonly Point[];
  const offsets: readonly Point[] = own.length && (!type || pointed.has(type)) ? own : [[0, 0], [width, 0], [width, height], [0, height]];
  return offsets.map(([dx, dy]) => [x + dx, y + dy]);
}

function turned(points: Point[], angle: number): Point[] {
  if (!angle) return points;
  const box = around(points);
  const middle: Point = [box.x + box.width / 2, box.y + box.height / 2];
  return points.map((point) => turn(point, middle, angle));
}

function turn(point: Point, about: Point, angle: number): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = [point[0] - about[0], point[1] - about[1]];
  return [about[0] + x * cos - y * sin, about[1] + x * sin + y * cos];
}

/** Without spreading: a stroke has thousands of points. */
function around(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function marginOf({ type = "", strokeWidth = 0 }: Extent): number {
  if (!stroked.has(type)) return 0;
  return (Math.max(strokeWidth, 0) * (type === "freedraw" ? freedraw_width : 1)) / 2;
}
