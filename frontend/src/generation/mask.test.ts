import { describe, expect, it } from "vitest";
import { maskOf, picturesOf } from "./mask";
import type { Shape } from "./target";

const at = (id: string, type: string, x: number, fields: object = {}): Shape => ({ id, type, x, y: 0, width: 50, height: 50, ...fields });
const frame = { id: "f", shape: "frame" as const, region: { x: 0, y: 0, width: 100, height: 100 } };
const scene = [
  at("f", "frame", 0), at("under", "freedraw", 0), at("picture", "image", 0, { customData: { atelier: { job: "j", source: "f" } } }),
  at("scribble", "freedraw", 20, { strokeColor: "#e03131", backgroundColor: "transparent", frameId: "f" }),
  at("far", "image", 500), at("theirs", "image", 0, { frameId: "g" }), at("gone", "image", 0, { isDeleted: true }),
];
const ids = (elements: readonly Shape[]) => elements.map(({ id }) => id);

describe("what is repainted", () => {
  it("is a part of the pictures in the frame, results of the frame included", () => {
    expect(ids(picturesOf(scene, frame))).toEqual(["picture"]);
  });

  it("of a picture that is itself the target, it is that picture alone", () => {
    const target = { id: "picture", shape: "picture" as const, region: { x: 0, y: 0, width: 50, height: 50 } };
    expect(ids(picturesOf([...scene, at("other", "image", 10)], target))).toEqual(["picture"]);
    expect(ids(maskOf(scene, target))).toEqual(["under", "picture", "scribble"]);
  });

  it("is white where somebody drew, black where a picture lies, in drawing order", () => {
    const mask = maskOf(scene, frame) as (Shape & Record<string, unknown>)[];
    expect(mask.map(({ id, type, strokeColor, backgroundColor, frameId }) => ({ id, type, strokeColor, backgroundColor, frameId }))).toEqual([
      { id: "under", type: "freedraw", strokeColor: "#ffffff", backgroundColor: "#ffffff", frameId: null },
      { id: "picture", type: "rectangle", strokeColor: "#000000", backgroundColor: "#000000", frameId: null },
      { id: "scribble", type: "freedraw", strokeColor: "#ffffff", backgroundColor: "#ffffff", frameId: null },
    ]);
  });
});
