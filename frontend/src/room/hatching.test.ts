import { describe, expect, it } from "vitest";
import shared from "../../../tests/shared/hatching_cases.json";
import { board_cost_max, element_cost_max, hatchCost } from "./hatching";

describe("the cost of hatching, shared with the server", () => {
  it.each(shared.cases.map((c) => [c.name, c] as const))("%s", (_name, { element, cost }) => {
    expect(hatchCost(element)).toBeCloseTo(cost, 5);
  });

  it("has the same budgets", () => {
    expect([element_cost_max, board_cost_max]).toEqual([shared.element_cost_max, shared.board_cost_max]);
  });

  it("counts nothing for what no element holds", () => {
    for (const type of ["constructor", "__proto__", "rectangle"]) expect(hatchCost({ type, fillStyle: "toString", backgroundColor: "#fff" })).toBe(0);
    expect(hatchCost({ type: "line", fillStyle: "hachure", backgroundColor: "#fff", points: "none" })).toBe(0);
  });
});
