import { describe, expect, it } from "vitest";
import { edgeOf } from "./edge";

const canvas = { width: 1000, height: 800 };
const chip = { width: 200, height: 40 };
const place = (x: number, y: number) => ({ x, y, width: 300, height: 300 });

describe("the chip for a picture out of view", () => {
  it.each([
    ["right", place(1200, 200), 888, 350],
    ["left", place(-900, 200), 112, 350],
    ["above", place(300, -700), 450, 96],
    ["below", place(300, 1200), 450, 704],
    ["right", place(5000, 2000), 888, 704],
  ] as const)("stands at the edge nearest to it: %s", (side, at, x, y) => {
    expect(edgeOf(at, canvas, chip)).toEqual({ side, x, y });
  });

  it("is not there while a third of the picture is in view", () => {
    expect(edgeOf(place(900, 200), canvas, chip)).toBeNull();
    expect(edgeOf(place(901, 200), canvas, chip)).toMatchObject({ side: "right" });
    expect(edgeOf({ x: -500, y: -500, width: 1000, height: 1000 }, canvas, chip)).toMatchObject({ side: "left" });
  });

  it("stays on a canvas narrower than itself", () => {
    expect(edgeOf(place(1200, 200), { width: 180, height: 300 }, chip)!.x).toBe(112);
  });
});
