// @vitest-environment happy-dom
import { afterEach, expect, it } from "vitest";
import { pressKeys } from "./pressKeys";

let heard: KeyboardEvent | undefined;
const listen = (event: KeyboardEvent) => void (heard = event);
document.addEventListener("keydown", listen);
afterEach(() => (heard = undefined));

it.each([
  ["Ctrl+Shift+Z", { key: "Z", code: "KeyZ", ctrlKey: true, shiftKey: true }],
  ["Ctrl+A", { key: "a", code: "KeyA", ctrlKey: true, shiftKey: false }],
  ["Shift+2", { key: "2", code: "Digit2", ctrlKey: false, shiftKey: true }],
  ["Alt+Z", { key: "z", code: "KeyZ", altKey: true }],
  ["Ctrl+'", { key: "'", code: "Quote", ctrlKey: true }],
  ["Ctrl+Shift+]", { key: "]", code: "BracketRight" }],
  ["Delete", { key: "Delete", code: "Delete" }],
])("%s is what a keyboard would send", (keys, expected) => {
  pressKeys(keys, false);
  expect(heard).toMatchObject(expected);
});

it("holds Cmd on a Mac", () => {
  pressKeys("Ctrl+Z", true);
  expect(heard).toMatchObject({ ctrlKey: false, metaKey: true });
});
