import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Allowance } from "./Allowance";
import { applyWait_ms, elementsWait_ms, presenceWait_ms, strokeWait_ms } from "./rates";

describe("how often things travel", () => {
  it.each([[0, 10, 33], [2, 2_000, 33], [10, 10, 50], [11, 10, 66], [50, 10, 66], [51, 10, 100], [0, 2_001, 66], [0, 5_001, 100], [11, 20_000, 100]])(
    "%i others and %i elements: changes every %i ms",
    (others, elements, wait) => expect(elementsWait_ms(others, elements)).toBe(wait),
  );
  it.each([[1, 33], [10, 33], [50, 50], [51, 100], [200, 100]])("%i others: a pointer every %i ms", (others, wait) =>
    expect(presenceWait_ms(others)).toBe(wait));
  it.each([[10, 33], [51, 100], [5_000, 100]])("a stroke of %i points grows every %i ms", (points, wait) =>
    expect(strokeWait_ms(points)).toBe(wait));
  it.each([[0, 33], [11, 33], [20, 60], [80, 240], [500, 250]])("an apply that cost %i ms is followed by the next after %i ms", (cost, wait) =>
    expect(applyWait_ms(cost)).toBe(wait));
});

describe("an allowance", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("gives the burst at once, then its rate", () => {
    const allowance = new Allowance(10, 5);
    for (let said = 0; said < 5; said++) {
      expect(allowance.wait_ms).toBe(0);
      allowance.spend(1);
    }
    expect(allowance.wait_ms).toBe(100);
    vi.advanceTimersByTime(100);
    expect(allowance.wait_ms).toBe(0);
  });

  it("pays an overdraft back, and never saves up more than the burst", () => {
    const allowance = new Allowance(10, 5);
    allowance.spend(20);
    expect(allowance.wait_ms).toBe(1_600);
    vi.advanceTimersByTime(60_000);
    allowance.spend(5);
    expect(allowance.wait_ms).toBeGreaterThan(0);
    allowance.refill();
    expect(allowance.wait_ms).toBe(0);
  });
});
