/**
 * Bounds the cost of drawing a scene. Hatching is drawn line by line, so a closed scribble of thousands of points has more lines than
 * memory allows; a stroke that goes to and fro costs as much as its length, at the scale of the picture.
 */
import { element_cost_max, hatchCost } from "../src/room/hatching";

export interface SceneElement {
  id: string;
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Fractional index: its place in the order. */
  index?: string | null;
  isDeleted?: boolean;
  frameId?: string | null;
  fillStyle?: string;
  strokeWidth?: number;
  backgroundColor?: string;
  boundElements?: { id: string; type: string }[] | null;
  points?: (readonly number[])[];
  [field: string]: unknown;
}

/** Of all elements together: about four seconds. The most expensive of 31 real boards costs 1,222. */
const scene_cost_max = 80_000;

/** The elements with solid fills where hatching would cost too much, the most expensive first; simplified: how many. */
export function tamed(elements: SceneElement[]): { elements: SceneElement[]; simplified: number } {
  const costs = new Map(elements.map((element) => [element, hatchCost(element)]).filter(([, cost]) => cost) as [SceneElement, number][]);
  let whole = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
  const simplified = new Set<SceneElement>();
  for (const [element, cost] of [...costs].sort(([, a], [, b]) => b - a)) {
    if (cost <= element_cost_max && whole <= scene_cost_max) break;
    simplified.add(element);
    whole -= cost;
  }
  const drawn = elements.map((element) => (simplified.has(element) ? { ...element, fillStyle: "solid" } : element));
  return { elements: drawn, simplified: simplified.size };
}

/** Vertical travel of all pens in scene units: the cost of filling their strokes row by row at a scale of 1. */
export function travel(elements: SceneElement[]): number {
  return elements.reduce((sum, element) => sum + travelOf(element), 0);
}

function travelOf({ points, height }: SceneElement): number {
  if (!Array.isArray(points)) return 2 * Math.abs(Number(height) || 0);
  let sum = 0;
  for (let at = 1; at < points.length; at++) sum += Math.abs(Number(points[at]?.[1]) - Number(points[at - 1]?.[1])) || 0;
  return sum;
}
