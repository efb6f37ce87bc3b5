import { describe, expect, it } from "vitest";
import { hatchCost } from "../room/hatching";
import { element } from "../test/wire";
import { hasUsableId, sound, withinBudget } from "./sanitize";

const plane = (id: string, side: number, fields: object = {}) =>
  element(id, { width: side, height: side, fillStyle: "cross-hatch", backgroundColor: "#f00", strokeWidth: 0.1, ...fields });
const fills = (elements: readonly object[]) => elements.map((each) => (each as { fillStyle?: string }).fillStyle);

describe("what Excalidraw looks up unseen", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s is no id, no group and no fill", (name) => {
    expect(hasUsableId(element(name))).toBe(false);
    expect(sound(element("a", { groupIds: ["g", name], fillStyle: name }))).toMatchObject({ groupIds: ["g"], fillStyle: "hachure" });
  });

  it.each(["dots", "dashed", "zigzag-line", "sunburst"])("%s is a fill that costs more than is counted, and none of ours", (fillStyle) => {
    const shown = sound(plane("a", 4_000, { fillStyle }));
    expect(shown.fillStyle).toBe("hachure");
    expect(fills(withinBudget([shown], []))).toEqual(["solid"]);
  });

  it("leaves ordinary elements as they are", () => {
    const ordinary = element("a", { groupIds: ["g"], fillStyle: "zigzag" });
    const picture = element("b", { type: "image", scale: [1, -1] });
    expect(sound(ordinary)).toBe(ordinary);
    expect(sound(picture)).toBe(picture);
    expect(hasUsableId(ordinary)).toBe(true);
  });

  it("has a scale on pictures alone", () => {
    expect(sound(element("a", { type: "diamond", scale: null })).scale).toBeUndefined();
  });
});

describe("hatching", () => {
  it("stays while a page can bear it", () => {
    const ordinary = [plane("a", 400, { strokeWidth: 2 }), element("b")];
    expect(withinBudget(ordinary, [])).toEqual(ordinary);
  });

  it("of one element that costs too much becomes a solid fill", () => {
    expect(fills(withinBudget([plane("a", 4_000)], []))).toEqual(["solid"]);
  });

  it("of many is bounded together, with what is there already", () => {
    const many = Array.from({ length: 300 }, (_, at) => plane(`e${at}`, 200));
    const shown = withinBudget(many, []);
    const cost = (elements: readonly ReturnType<typeof plane>[]) => elements.reduce((sum, each) => sum + hatchCost(each), 0);
    expect(cost(many)).toBeGreaterThan(200_000);
    expect(cost(shown)).toBeLessThanOrEqual(200_000);
    expect(fills(shown)).toContain("cross-hatch");
    expect(fills(withinBudget([plane("z", 200)], shown))).toEqual(["solid"]);
    expect(fills(withinBudget([plane("z", 200)], shown.map((each) => ({ ...each, isDeleted: true }))))).toEqual(["cross-hatch"]);
  });
});
