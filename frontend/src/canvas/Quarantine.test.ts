import { describe, expect, it } from "vitest";
import { element } from "../test/wire";
import { Quarantine, quarantineText, tombstoneOf } from "./Quarantine";

describe("what is set aside", () => {
  it("tells when it changes, and only then", () => {
    const quarantine = new Quarantine();
    let told = 0;
    quarantine.changed.on(() => void (told += 1));
    quarantine.update([], ["x"]);
    expect(told).toBe(0);
    quarantine.update([element("a")]);
    quarantine.update([element("a", { isDeleted: true })]);
    quarantine.update([element("a")]);
    quarantine.update([], ["a"]);
    expect(told).toBe(4);
    expect(quarantine.elements).toEqual([]);
  });

  it("is said in words of the canvas", () => {
    expect(quarantineText([element("a")])).toBe("A rectangle would crash the board and is hidden.");
    expect(quarantineText([element("a", { type: "frame", name: " Sea " })])).toBe("A frame “Sea” would crash the board and is hidden.");
    expect(quarantineText([element("a", { type: "text", text: 5 })])).toBe("A text would crash the board and is hidden.");
    expect(quarantineText([element("a", { type: "constructor" })])).toBe("An element would crash the board and is hidden.");
    expect(quarantineText([element("a"), element("b"), element("c", { type: "arrow" })])).toBe(
      "3 elements would crash the board and are hidden: 2 rectangles, 1 arrow.",
    );
  });

  it("is removed with no more than the server has to have of it", () => {
    const poison = element("a", { type: "line", version: 4, points: [[0, 0]], name: {}, customData: 5 });
    expect(tombstoneOf(poison)).toEqual({
      id: "a", type: "line", index: "a0", x: 0, y: 0, width: 10, height: 10, points: [],
      version: 5, versionNonce: expect.any(Number), isDeleted: true, updated: expect.any(Number),
    });
  });
});
