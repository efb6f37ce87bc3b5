import { describe, expect, it } from "vitest";
import backgrounds from "../../../tests/shared/background_cases.json";
import shared from "../../../tests/shared/snapshot_cases.json";
import { targetAmong, type SnapshotCase } from "../test/snapshotCase";
import { elementsSeen, onPaper, snapshotSize } from "./snapshot";

describe("what the model sees is what the server would draw", () => {
  it.each(shared.cases as unknown as SnapshotCase[])("$name", ({ elements, target, seen }) => {
    expect(elementsSeen(elements, targetAmong(elements, target)).map(({ id }) => id)).toEqual(seen);
  });

  it.each(backgrounds.on_paper)("%s is the ground %s", (background, ground) => expect(onPaper(background!)).toBe(ground));
});

describe("the size of a snapshot", () => {
  it.each(shared.sizes as [number, number, number][])("%f × %f at %f", (width, height, scale) => {
    expect(snapshotSize({ x: 0, y: 0, width, height }).scale).toBeCloseTo(scale);
  });

  it("is whole pixels, at least one and at most 1024", () => {
    expect(snapshotSize({ x: 0, y: 0, width: 4000, height: 2000 })).toMatchObject({ width: 1024, height: 512 });
    expect(snapshotSize({ x: 0, y: 0, width: 100, height: 50 })).toMatchObject({ width: 512, height: 256 });
    expect(snapshotSize({ x: 0, y: 0, width: 0, height: 0 }).width).toBeGreaterThan(0);
  });
});
