import { describe, expect, it } from "vitest";
import shared from "../../../tests/shared/snapshot_cases.json";
import { targetAmong, type SnapshotCase } from "../test/snapshotCase";
import { maskOf, maskState, picturesOf } from "./mask";

const rounded = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "number" ? Number(each.toFixed(6)) + 0 : each)));

describe("what is repainted is what the server would repaint", () => {
  it.each(shared.cases as unknown as SnapshotCase[])("$name", ({ elements, target, pictures, mask, turned = {} }) => {
    const aim = targetAmong(elements, target);
    expect(picturesOf(elements, aim).map(({ id }) => id)).toEqual(pictures);
    if (!mask) return;
    const given = (id: string) => elements.find((element) => element.id === id);
    const expected = mask.map(([id, fields]) => ({ ...given(id), frameId: null, ...shared.mask_fields[fields], ...turned[id] }));
    expect(rounded(maskOf(elements, aim))).toEqual(rounded(expected));
  });
});

describe("whether anything is marked", () => {
  const at = (type: string, x: number, y: number, width: number, height: number, fields: object = {}) => ({ id: `${type}${x}`, type, x, y, width, height, ...fields });
  const picture = at("image", 0, 0, 100, 100);
  const target = { id: picture.id, shape: "picture" as const, region: { x: 0, y: 0, width: 100, height: 100 } };
  const frame = { id: "f", shape: "frame" as const, region: { x: 0, y: 0, width: 100, height: 100 } };

  it("needs a picture, and something drawn over it", () => {
    expect(maskState([at("freedraw", 10, 10, 5, 5)], frame)).toBe("no_picture");
    expect(maskState([picture], target)).toBe("unmarked");
    expect(maskState([picture, at("rectangle", 150, 10, 20, 20)], target), "beside it").toBe("unmarked");
    expect(maskState([picture, at("rectangle", 50, 10, 20, 20)], target)).toBe("marked");
  });

  it("follows a stroke to the left of where it begins", () => {
    const stroke = at("freedraw", 120, 50, 60, 1, { points: [[0, 0], [-60, 0]] });
    expect(maskState([picture, stroke], target)).toBe("marked");
    expect(maskState([picture, { ...stroke, points: [[0, 0], [60, 0]] }], target)).toBe("unmarked");
  });

  it("follows a picture that is turned", () => {
    const turned = { ...at("image", 0, 0, 400, 20), angle: Math.PI / 2 };
    const aim = { id: turned.id, shape: "picture" as const, region: { x: 0, y: 0, width: 400, height: 20 } };
    expect(maskState([turned, at("rectangle", 195, 150, 10, 10)], aim)).toBe("marked");
    expect(maskState([turned, at("rectangle", 20, 5, 10, 10)], aim)).toBe("unmarked");
  });

  it("counts what of a frame no picture covers", () => {
    expect(maskState([picture], frame)).toBe("unmarked");
    expect(maskState([at("image", 0, 0, 60, 100)], frame)).toBe("marked");
  });
});
