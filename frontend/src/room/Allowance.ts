/**
 * A token bucket: `rate_per_second` in the long run, `burst` at once.
 *
 * The server closes connections that exceed its limits; this one stays below them.
 */
export class Allowance {
  private left: number;
  private filledAt: number;

  constructor(
    private readonly rate_per_second: number,
    private readonly burst: number,
  ) {
    this.left = burst;
    this.filledAt = performance.now();
  }

  /** Fills the bucket, as on a new connection. */
  refill(): void {
    this.left = this.burst;
    this.filledAt = performance.now();
  }

  /** Takes tokens; may overdraw once, after which there is a wait. */
  spend(amount: number): void {
    this.fill();
    this.left -= amount;
  }

  /** Time until something may be sent; 0: now. */
  get wait_ms(): number {
    this.fill();
    return this.left > 0 ? 0 : Math.ceil(((1 - this.left) / this.rate_per_second) * 1000);
  }

  private fill(): void {
    const now = performance.now();
    this.left = Math.min(this.burst, this.left + ((now - this.filledAt) / 1000) * this.rate_per_second);
    this.filledAt = now;
  }
}
