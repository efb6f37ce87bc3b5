import { describe, expect, it } from "vitest";
import { chooseTarget, type Shape } from "./target";

const view = { x: 0, y: 0, width: 1000, height: 800 };
const shape = (id: string, type: string, fields: Partial<Shape> = {}): Shape => ({ id, type, x: 0, y: 0, width: 100, height: 100, ...fields });
const frame = (id: string, x: number, fields: Partial<Shape> = {}) => shape(id, "frame", { x, y: 300, ...fields });
const aim = (elements: Shape[], ...selected: string[]) => chooseTarget(elements, new Set(selected), view)?.id ?? null;

describe("what Generate works on", () => {
  const scene = [frame("near", 450), frame("far", 0), shape("pic", "image"), shape("line", "freedraw", { frameId: "far" }), shape("loose", "rectangle")];

  it("the selected frame, the selected picture", () => {
    expect(aim(scene, "far")).toBe("far");
    expect(aim(scene, "pic")).toBe("pic");
  });

  it("the frame around what is selected", () => {
    expect(aim(scene, "line")).toBe("far");
    expect(aim(scene, "line", "far")).toBe("far");
    expect(aim(scene, "line", "loose")).toBe("near");
  });

  it("else the frame nearest to the middle of the view, none beyond the view", () => {
    expect(aim(scene)).toBe("near");
    expect(aim([frame("gone", 5000)])).toBeNull();
    expect(aim([])).toBeNull();
  });

  it("carries the frame's own prompt", () => {
    const noted = frame("f", 400, { name: "Sea", customData: { atelier: { prompt: "a boat", kind: "pix2pix", strength: 0.25 } } });
    expect(chooseTarget([noted], new Set(), view)).toMatchObject({ title: "Sea", prompt: "a boat", kind: "pix2pix", strength: 0.25 });
    const odd = frame("f", 400, { customData: { atelier: null } });
    expect(chooseTarget([odd], new Set(), view)).toMatchObject({ prompt: "" });
  });
});
