import { describe, expect, it } from "vitest";
import { element } from "../test/wire";
import { labelsAbove } from "./labelOrder";

const moved = <E extends object>(label: E, index: string) => ({ ...label, index });
const label = (id: string, containerId: string, index: string, fields: object = {}) => element(id, { type: "text", containerId, index, ...fields });
const arrow = (id: string, index: string) => element(id, { type: "arrow", index });
const order = (...elements: ReturnType<typeof element>[]) => labelsAbove(elements as never[], moved).map(({ id, index }: { id: string; index: string }) => [id, index]);

describe("the label of an arrow", () => {
  it("that lies below it goes right above it", () => {
    expect(order(label("l", "a", "a0"), arrow("a", "a1"), element("z", { index: "a2" }))).toEqual([["a", "a1"], ["l", "a1V"], ["z", "a2"]]);
    expect(order(label("l", "a", "a0"), arrow("a", "a1"))).toEqual([["a", "a1"], ["l", "a2"]]);
  });

  it("stays where it is above, where it is gone, and where its arrow is", () => {
    const fine = [arrow("a", "a0"), element("b", { index: "a1" }), label("l", "a", "a2")];
    expect(labelsAbove(fine as never[], moved)).toBe(fine);
    const gone = [label("l", "a", "a0", { isDeleted: true }), label("m", "nowhere", "a1"), arrow("a", "a2")];
    expect(labelsAbove(gone as never[], moved)).toBe(gone);
  });

  it("several keep their order", () => {
    expect(order(label("l", "a", "a0"), label("m", "a", "a1"), arrow("a", "a2"), element("z", { index: "a3" })).map(([id]) => id)).toEqual(["a", "l", "m", "z"]);
  });
});
