import { describe, expect, it } from "vitest";
import shared from "../../../tests/shared/snapshot_cases.json";
import { targetAmong, type SnapshotCase } from "../test/snapshotCase";
import { maskOf, picturesOf } from "./mask";

describe("what is repainted is what the server would repaint", () => {
  it.each(shared.cases as unknown as SnapshotCase[])("$name", ({ elements, target, pictures, mask }) => {
    const aim = targetAmong(elements, target);
    expect(picturesOf(elements, aim).map(({ id }) => id)).toEqual(pictures);
    if (!mask) return;
    const given = (id: string) => elements.find((element) => element.id === id);
    expect(maskOf(elements, aim)).toEqual(mask.map(([id, fields]) => ({ ...given(id), frameId: null, ...shared.mask_fields[fields] })));
  });
});
