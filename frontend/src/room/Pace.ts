/** A trailing throttle: runs at most every `wait_ms()`, and always after the last request. */
export class Pace {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = -Infinity;

  constructor(
    private readonly wait_ms: () => number,
    private readonly run: () => void,
  ) {}

  ask(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.last + this.wait_ms() - performance.now());
    this.timer = setTimeout(() => this.now(), wait);
  }

  /** At once, instead of what was asked for. */
  now(): void {
    this.stop();
    this.last = performance.now();
    this.run();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/** Runs a function when the browser is idle, within a second at the latest. */
export function whenIdle(run: () => void): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(run, { timeout: 1_000 });
  else setTimeout(run); // Safari knows no idleness
}
