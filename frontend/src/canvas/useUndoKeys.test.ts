// @vitest-environment happy-dom
import { fireEvent, render } from "@testing-library/react";
import { createElement as h, type ReactNode } from "react";
import { expect, it } from "vitest";
import { useUndoKeys } from "./useUndoKeys";

const cases = [
  ["button", { key: "z", ctrlKey: true }, false, "z ctrl"],
  ["button", { key: "Z", ctrlKey: true, shiftKey: true }, false, "Z ctrl shift"],
  ["button", { key: "y", ctrlKey: true }, false, "Z ctrl shift"],
  ["range", { key: "z", ctrlKey: true }, false, "z ctrl"],
  ["button", { key: "z", metaKey: true }, true, "z meta"],
  ["outside", { key: "y", ctrlKey: true }, false, "Z ctrl shift"],
  ["button", { key: "z" }, false, ""],
  ["button", { key: "z", ctrlKey: true, altKey: true }, false, ""],
  ["text", { key: "z", ctrlKey: true }, false, ""],
  ["text", { key: "y", ctrlKey: true }, false, ""],
  ["in a dialog", { key: "y", ctrlKey: true }, false, ""],
] as const;

/** A panel that keeps its keys, beside what does not. */
function Page({ mac }: { mac: boolean }): ReactNode {
  useUndoKeys(mac);
  return h("div", null,
    h("div", { className: "prompt-panel", onKeyDown: (event: React.KeyboardEvent) => event.stopPropagation() },
      h("button", { "data-testid": "button" }), h("input", { type: "range", "data-testid": "range" }), h("textarea", { "data-testid": "text" }),
      h("dialog", null, h("button", { "data-testid": "in a dialog" }))),
    h("button", { "data-testid": "outside" }));
}

it.each(cases)("from a %s %o comes to the canvas once, as %s%s", (where, pressed, mac, expected) => {
  const heard: string[] = [];
  const listen = ({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent) =>
    void heard.push([key, ctrlKey && "ctrl", metaKey && "meta", shiftKey && "shift"].filter(Boolean).join(" "));
  document.addEventListener("keydown", listen);
  const { getByTestId, unmount } = render(h(Page, { mac }), { container: document.body.appendChild(document.createElement("div")) });
  fireEvent.keyDown(getByTestId(where), pressed);
  expect(heard).toEqual(expected ? [expected] : []);
  unmount();
  document.removeEventListener("keydown", listen);
});
