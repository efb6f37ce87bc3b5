import { describe, expect, it } from "vitest";
import { Bisection } from "./Bisection";

function search(count: number, breaks: (part: ReadonlySet<number>) => boolean) {
  const bisection = new Bisection(Array.from({ length: count }, (_, at) => at));
  let trials = 0;
  for (let part = bisection.next(); part; part = bisection.next()) {
    trials += 1;
    bisection.report(!breaks(new Set(part)));
  }
  return { found: bisection.found, trials };
}

describe("what breaks a list", () => {
  it("is nothing where the whole holds, in one trial", () => {
    expect(search(10_000, () => false)).toEqual({ found: [], trials: 1 });
    expect(search(0, () => true)).toEqual({ found: [], trials: 0 });
  });

  it.each([0, 1, 4_999, 9_999])("is found at place %i in some log2(n) trials", (at) => {
    const { found, trials } = search(10_000, (part) => part.has(at));
    expect(found).toEqual([at]);
    expect(trials).toBeLessThanOrEqual(17);
  });

  it("is all of several", () => {
    const bad = [3, 4, 700, 999];
    expect(search(1_000, (part) => bad.some((each) => part.has(each))).found).toEqual(bad);
  });

  it("is the later one of a pair that breaks together", () => {
    expect(search(100, (part) => part.has(20) && part.has(60)).found).toEqual([60]);
  });
});
