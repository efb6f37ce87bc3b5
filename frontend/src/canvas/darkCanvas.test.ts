import { describe, expect, it } from "vitest";
import { darkened, undarkened } from "./darkCanvas";

describe("darkened", () => {
  it.each([
    [[255, 255, 255], [18, 18, 18]],
    [[0, 0, 0], [237, 237, 237]],
    [[30, 30, 30], [211, 211, 211]],
    [[224, 49, 49], [255, 133, 133]],
  ] as const)("shows %j as Excalidraw's filter does: %j", (colour, shown) => {
    const dark = darkened(colour);
    for (const at of [0, 1, 2] as const) expect(Math.abs(dark[at] - shown[at])).toBeLessThanOrEqual(2);
  });

  it("is undone by undarkened where the dark canvas has the colour", () => {
    for (const shown of [[120, 120, 120], [150, 110, 90], [80, 130, 140]] as const) {
      const again = darkened(undarkened(shown));
      for (const at of [0, 1, 2] as const) expect(Math.abs(again[at] - shown[at])).toBeLessThanOrEqual(2);
    }
  });
});
