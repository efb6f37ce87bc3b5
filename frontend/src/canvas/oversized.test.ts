import { describe, expect, it } from "vitest";
import { isTooLong, points_max, strokeParts, text_max, textParts, type Stroke } from "./oversized";

const spiral = (count: number): Stroke => ({
  x: 30,
  y: -7,
  points: Array.from({ length: count }, (_, at) => [at * Math.cos(at / 9), at * Math.sin(at / 9)]),
  pressures: Array.from({ length: count }, (_, at) => (at % 10) / 10),
});
const placed = ({ x, y, points }: Stroke) => points.map(([px, py]) => `${(x + px!).toFixed(6)},${(y + py!).toFixed(6)}`);

describe("a long stroke", () => {
  it.each([1, 3_999, 4_000, 4_001, 5_641, 36_000])("of %i points keeps all of its ink in parts that the server takes", (count) => {
    const whole = spiral(count);
    const parts = strokeParts(whole);
    expect(new Set(parts.flatMap(placed))).toEqual(new Set(placed(whole)));
    for (const part of parts) {
      expect(part.points.length).toBeLessThanOrEqual(points_max);
      expect(part.pressures).toHaveLength(part.points.length);
      expect(part.points[0]).toEqual([0, 0]);
    }
    for (const [at, part] of parts.slice(1).entries()) expect(placed(parts[at]!)).toContain(placed(part)[0]);
  });

  it("is told from one that may stay whole", () => {
    const stroke = (count: number, type = "freedraw") => isTooLong({ type, points: spiral(count).points });
    expect([stroke(5_000), stroke(5_001), stroke(5_001, "line"), stroke(5_001, "arrow")]).toEqual([false, true, true, false]);
  });
});

describe("a long text", () => {
  it("is cut where a line ends", () => {
    const line = "words and more words\n".repeat(2_000);
    expect(textParts(line).join("\n")).toBe(line);
    expect(textParts(line).every((part) => part.length <= text_max)).toBe(true);
    expect(textParts("short")).toEqual(["short"]);
  });

  it("is cut between words where it is one line, and anywhere where it is one word", () => {
    const words = "word ".repeat(9_000);
    expect(textParts(words).join(" ")).toBe(words);
    const smileys = "🙂".repeat(20_000);
    expect(textParts("a" + smileys).join("")).toBe("a" + smileys);
    expect(textParts("a" + smileys).every((part) => part.isWellFormed())).toBe(true);
  });
});
