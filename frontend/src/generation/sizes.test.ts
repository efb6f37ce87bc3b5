import { describe, expect, it } from "vitest";
import { kinds } from "../test/checkpoint";
import { longestChoices, longestParams, shape_names, shapeOf, sizeOf, usualLongest } from "./sizes";

const small = { sizes: [[128, 128]] as [number, number][] };
const sd15 = { sizes: [[512, 512], [576, 448], [448, 576], [640, 448], [448, 640], [704, 384], [384, 704]] as [number, number][] };
const kind = { ...kinds.img2img, limits: { width_px: [64, 1536] as [number, number], height_px: [64, 1536] as [number, number] } };

describe("the sizes of a picture", () => {
  it("of a small model are shapes 512 px long, which it enlarges", () => {
    expect(sizeOf("square", null, small)).toEqual({ width_px: 512, height_px: 512 });
    expect(sizeOf("landscape", null, small)).toEqual({ width_px: 512, height_px: 384 });
    expect(sizeOf("tall", 1024, small)).toEqual({ width_px: 576, height_px: 1024 });
  });

  it("of a model with sizes of its own are these", () => {
    expect(shape_names.map((shape) => Object.values(sizeOf(shape, null, sd15)).join("×"))).toEqual(["512×512", "576×448", "448×576", "704×384", "384×704"]);
  });

  it("are whole latents within the server's limits", () => {
    for (const checkpoint of [small, sd15]) for (const shape of shape_names) for (const longest of longestChoices(checkpoint, kind)) {
      for (const side of Object.values(sizeOf(shape, longest, checkpoint)) as number[]) {
        expect(side % 8).toBe(0);
        expect(side).toBeGreaterThanOrEqual(64);
        expect(side).toBeLessThanOrEqual(1536);
      }
      expect(shapeOf(sizeOf(shape, longest, checkpoint), longest, checkpoint)).toBe(shape);
    }
  });

  it("go up from what is usual", () => {
    expect(longestChoices(small, kind)).toEqual([null, 768, 1024]);
    expect(usualLongest(sd15)).toBe(704);
    expect(longestChoices({ sizes: [[1024, 1024]] }, kind)).toEqual([null, 1280, 1536]);
    expect(longestChoices(small, { ...kind, limits: { width_px: [64, 800], height_px: [64, 1536] } })).toEqual([null, 768]);
  });

  it("in the shape of the sketch give the longer side alone", () => {
    expect(longestParams(null, undefined)).toEqual({});
    expect(longestParams(768, { x: 0, y: 0, width: 300, height: 200 })).toEqual({ width_px: 768 });
    expect(longestParams(768, { x: 0, y: 0, width: 200, height: 300 })).toEqual({ height_px: 768 });
  });
});
