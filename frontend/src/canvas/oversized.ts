/**
 * Splits elements that are longer than the server allows (boards/elements/element.py), so that nothing that was drawn, written
 * or pasted is lost. Pure.
 */

/** Fewer than the 5,000 that are kept, so that a pen's pressures fit too, and drawing may go on meanwhile. */
export const points_max = 4_000;
const points_kept = 5_000;
/** Characters; 20,000 are kept. */
export const text_max = 18_000;
const text_kept = 20_000;
/** Points that two parts share: the thickness of a stroke depends on the points before. */
const overlap = 12;

export interface Stroke {
  readonly x: number;
  readonly y: number;
  readonly points: readonly (readonly number[])[];
  readonly pressures?: readonly number[];
}

export interface Sizable {
  readonly type: string;
  readonly isDeleted?: boolean;
  readonly points?: unknown;
  readonly text?: unknown;
  readonly originalText?: unknown;
}

/** True if the server would refuse the element for its length. */
export function isTooLong({ type, isDeleted, points, text, originalText }: Sizable): boolean {
  if (isDeleted) return false;
  if (type === "text") return [text, originalText].some((each) => typeof each === "string" && each.length > text_kept);
  return (type === "freedraw" || type === "line") && Array.isArray(points) && points.length > points_kept;
}

/** A stroke's part: its points `from` to `to`, counted from the first of them. */
export function partOf({ x, y, points, pressures = [] }: Stroke, from: number, to = points.length) {
  const [left, top] = points[from]! as [number, number];
  const part = points.slice(from, to).map(([px, py]) => [px! - left, py! - top]);
  const [xs, ys] = [part.map(([px]) => px!), part.map(([, py]) => py!)];
  const width = largest(xs) - smallest(xs);
  const height = largest(ys) - smallest(ys);
  return { x: x + left, y: y + top, points: part, pressures: pressures.slice(from, to), width, height };
}

/** Index of the first point of the next part of a stroke. */
export const nextFrom = (count: number): number => Math.max(0, count - overlap);

/** A stroke in parts, each beginning on the last one's end. */
export function strokeParts(stroke: Stroke): ReturnType<typeof partOf>[] {
  const parts = [];
  for (let from = 0; ; from = nextFrom(from + points_max)) {
    parts.push(partOf(stroke, from, from + points_max));
    if (from + points_max >= stroke.points.length) return parts;
  }
}

/** A text in parts, cut where a line ends, else between words, else anywhere but within a character. */
export function textParts(text: string): string[] {
  const parts = [];
  let rest = text;
  while (rest.length > text_max) {
    const head = rest.slice(0, text_max);
    const line = head.lastIndexOf("\n");
    const word = head.lastIndexOf(" ");
    const within = /[\uD800-\uDBFF]$/.test(head) ? text_max - 1 : text_max;
    const at = line > 0 ? line : word > 0 ? word : within;
    parts.push(rest.slice(0, at));
    rest = rest.slice(line > 0 || word > 0 ? at + 1 : at);
  }
  return [...parts, rest];
}

const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const smallest = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
