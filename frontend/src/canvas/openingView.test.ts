import { expect, test } from "vitest";
import { openingView } from "./openingView";

const box = (id: string, x: number, y: number, type = "rectangle", frameId: string | null = null) => ({ id, type, x, y, width: 400, height: 400, frameId }) as never;
const ids = (elements: readonly { id: string }[]) => elements.map(({ id }) => id).join(" ");
const wide = [box("note", 0, -500), box("house", 10, 10, "line", "a"), box("b", 900, 0, "frame"), box("a", 0, 0, "frame")];
const bounds = [0, -500, 1300, 410] as const;

test("a desktop shows all of it", () => {
  expect(ids(openingView(wide, bounds, { width: 1100, height: 900 }))).toBe("note house b a");
});

test.each([{ width: 390, height: 900 }, { width: 1100, height: 420 }])("where all of it could not be read, the first frame and what is in it: %o", (canvas) => {
  expect(ids(openingView(wide, bounds, canvas))).toBe("house a");
});

test("without a frame, all of it", () => {
  expect(ids(openingView([box("note", 0, 0), box("far", 4000, 0)], [0, 0, 4400, 400], { width: 390, height: 420 }))).toBe("note far");
});
