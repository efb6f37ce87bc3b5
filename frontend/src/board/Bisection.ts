/**
 * Finds which of a list of things break something, by trying parts of it: some log2(n) trials for each.
 *
 * Assumes that a list which breaks still does with more at its end. So it finds the last of several that break only
 * together, such as a label that stands before its arrow.
 */
export class Bisection<T> {
  readonly found: T[] = [];
  /** Length of the shortest beginning known to break; null: the whole list has to be tried. */
  private breaks: number | null = null;
  /** Length of the longest beginning known to hold. */
  private holds = 0;

  constructor(private rest: readonly T[]) {}

  /** The part to try next; null when all that is left holds. */
  next(): readonly T[] | null {
    return this.holds === this.rest.length ? null : this.rest.slice(0, this.length);
  }

  /** Reports whether the last part held. */
  report(holds: boolean): void {
    if (holds) this.holds = this.length;
    else this.breaks = this.length;
    if (this.breaks !== this.holds + 1) return;
    this.found.push(this.rest[this.holds]!);
    this.rest = this.rest.toSpliced(this.holds, 1);
    this.breaks = null;
  }

  private get length(): number {
    return this.breaks === null ? this.rest.length : (this.holds + this.breaks) >> 1;
  }
}
