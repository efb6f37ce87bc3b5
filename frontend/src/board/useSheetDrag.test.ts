import { expect, test, vi } from "vitest";

vi.stubGlobal("matchMedia", () => ({ matches: true }));
const { heightAfter } = await import("./useSheetDrag");

test.each([
  ["peek", 100, 0, "peek"],
  ["peek", 400, 0, "half"],
  ["half", 700, 0.1, "full"],
  ["full", 150, -0.2, "peek"],
] as const)("a sheet let go slowly from %s at %d px rests nearest: %s", (before, height_px, speed, after) => {
  expect(heightAfter(before, height_px, speed, 844)).toBe(after);
});

test.each([
  ["peek", -1, "half"],
  ["half", -1, "full"],
  ["full", -1, "full"],
  ["full", 1, "half"],
  ["half", 1, "peek"],
  ["peek", 1, "peek"],
] as const)("a flick from %s at %d px/ms goes one height further: %s", (before, speed, after) => {
  expect(heightAfter(before, 400, speed, 844)).toBe(after);
});
