import { movedView, type Point, type View } from "./view";

const slop_px = 8; // a finger or palm that rests never stands quite still
const tap_ms = 300;

/** Fingers that move the view: one drags it, two or more zoom as well. */
export class Fingers {
  private readonly each = new Map<number, { start: Point; now: Point }>();
  /** As it is shown while fingers are down. */
  private view: View | null = null;
  /** Where the fingers had hold of the view when one last came or went. */
  private grip: { view: View; middle: Point; spread_px: number } | null = null;
  private moves = false;
  private tapUntil_ms = 0;

  /** read: the view at the moment, when the first finger comes. */
  constructor(private readonly read: () => View) {}

  get count(): number {
    return this.each.size;
  }

  has(id: number): boolean {
    return this.each.has(id);
  }

  down(id: number, point: Point, now_ms: number): void {
    if (!this.count) {
      this.view = this.read();
      this.moves = false;
      this.tapUntil_ms = now_ms + tap_ms;
    } else {
      this.tapUntil_ms = 0;
    }
    this.each.set(id, { start: point, now: point });
    this.hold();
  }

  /** The new view; null while no finger has moved far enough. */
  move(id: number, point: Point): View | null {
    const finger = this.each.get(id);
    if (!finger) return null;
    finger.now = point;
    if (!this.moves) {
      if (Math.hypot(point.x - finger.start.x, point.y - finger.start.y) <= slop_px) return null;
      this.moves = true;
      this.hold(); // the view begins to move from here, without a jump
    }
    const { view, middle, spread_px } = this.grip!;
    const here = this.now();
    this.view = movedView(view, middle, here.middle, spread_px ? here.spread_px / spread_px : 1);
    return this.view;
  }

  /** Returns true if that was a tap: one finger, soon lifted, at its place. */
  up(id: number, now_ms: number): boolean {
    this.each.delete(id);
    this.hold();
    return !this.moves && now_ms <= this.tapUntil_ms;
  }

  /** Lets go of all fingers and returns their ids. */
  release(): number[] {
    const ids = [...this.each.keys()];
    this.each.clear();
    return ids;
  }

  private hold(): void {
    this.grip = { view: this.view!, ...this.now() };
  }

  private now(): { middle: Point; spread_px: number } {
    const points = [...this.each.values()].map(({ now }) => now);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
    const middle = { x: mean(points.map(({ x }) => x)), y: mean(points.map(({ y }) => y)) };
    return { middle, spread_px: mean(points.map(({ x, y }) => Math.hypot(x - middle.x, y - middle.y))) };
  }
}
