import { expect, it } from "vitest";
import type { SceneElement } from "./excalidraw";
import { namedFrames } from "./frames";

const frame = (id: string, x: number, y: number, fields: object = {}) =>
  ({ id, type: "frame", x, y, width: 100, height: 100, name: null, isDeleted: false, ...fields }) as unknown as SceneElement;

it("goes through frames row by row, though a row's are not level", () => {
  const frames = [frame("d", 0, 300), frame("b", 200, -20), frame("c", 400, 30), frame("a", 0, 10)];
  expect(namedFrames(frames).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
});

it("calls a frame by its name, else its prompt, else its number", () => {
  const prompt = { customData: { atelier: { prompt: "a red house" } } };
  const frames = [frame("a", 0, 0, { name: "Kitchen", ...prompt }), frame("b", 200, 0, { name: " ", ...prompt }), frame("c", 400, 0)];
  expect(namedFrames(frames).map(({ name }) => name)).toEqual(["Kitchen", "a red house", "Frame 3"]);
});

it("leaves out what is no frame, and frames that are deleted", () => {
  expect(namedFrames([frame("a", 0, 0, { isDeleted: true }), frame("b", 0, 0, { type: "rectangle" })])).toEqual([]);
});
