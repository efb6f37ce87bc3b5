// @vitest-environment happy-dom
import { cleanup, fireEvent, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { useCommandKey } from "./useCommandKey";

let toggled = 0;
let canvasHeard = 0;
document.addEventListener("keydown", () => void (canvasHeard += 1));
const ctrlK = (more: object = {}) => fireEvent.keyDown(document.body, { key: "k", ctrlKey: true, ...more });

beforeEach(() => {
  toggled = canvasHeard = 0;
  document.body.innerHTML = "";
  renderHook(() => useCommandKey(() => void (toggled += 1)));
});
afterEach(cleanup);

it("takes Ctrl+K from the canvas and from the browser", () => {
  expect(ctrlK()).toBe(false); // its default was prevented
  expect([toggled, canvasHeard]).toEqual([1, 0]);
});

it("leaves other keys alone", () => {
  for (const more of [{ shiftKey: true }, { altKey: true }, { metaKey: true }, { ctrlKey: false }, { key: "j" }]) ctrlK(more);
  expect([toggled, canvasHeard]).toEqual([0, 5]);
});

it("opens nothing over another dialog, and closes the palette itself", () => {
  document.body.innerHTML = '<dialog open class="dialog"></dialog>';
  ctrlK();
  expect(toggled).toBe(0);
  document.body.innerHTML = '<dialog open class="dialog command-palette"></dialog>';
  ctrlK();
  expect(toggled).toBe(1);
});
