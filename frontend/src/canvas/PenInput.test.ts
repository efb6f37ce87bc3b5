// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Notices } from "../ui/notices";
import { PenInput } from "./PenInput";
import type { View } from "./view";

interface Canvas {
  penMode: boolean;
  viewOnly: boolean;
  selects: boolean;
  view: View;
  dropped: number[];
}

vi.mock("./excalidraw", () => ({
  isPenMode: ({ penMode }: Canvas) => penMode,
  isViewOnly: ({ viewOnly }: Canvas) => viewOnly,
  tapsSelect: ({ selects }: Canvas) => selects,
  setPenMode: (canvas: Canvas, penMode: boolean) => void (canvas.penMode = penMode),
  viewOf: ({ view }: Canvas) => view,
  setView: (canvas: Canvas, view: View) => void (canvas.view = view),
  stopFollowing: () => undefined,
  dropTouches: (canvas: Canvas, touches: PointerEvent[]) => void canvas.dropped.push(...touches.map(({ pointerId }) => pointerId)),
}));

let canvas: Canvas;
let board: HTMLElement;
let seen: string[];
let notices: Notices;
let input: PenInput;
let now_ms: number;

/** What reaches Excalidraw is in `seen`. */
function send(type: string, pointerType: string, pointerId: number, x = 100, y = 100, target: HTMLElement = board): void {
  const event = new PointerEvent(type, { pointerType, pointerId, clientX: x, clientY: y, bubbles: true, cancelable: true });
  Object.defineProperty(event, "timeStamp", { value: now_ms });
  target.dispatchEvent(event);
}
const pen = (type: string) => send(`pointer${type}`, "pen", 50);
const touch = (type: string, id: number, x?: number, y?: number) => send(`pointer${type}`, "touch", id, x, y);
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
/** A pen came, was used and has been away for a while. */
function penWasHere(): void {
  for (const type of ["move", "down", "up"]) pen(type);
  now_ms += 2_000;
  seen.length = 0;
}

beforeEach(() => {
  localStorage.clear();
  document.body.innerHTML = `<canvas class="interactive"></canvas><button>Tool</button>`;
  board = document.querySelector("canvas")!;
  canvas = { penMode: false, viewOnly: false, selects: false, view: { scrollX: 0, scrollY: 0, zoom: 1 }, dropped: [] };
  seen = [];
  now_ms = 10_000;
  for (const type of ["pointerdown", "pointermove", "pointerup"]) {
    document.body.addEventListener(type, (event) => seen.push(`${(event as PointerEvent).pointerType} ${type.slice(7)}`));
  }
  notices = new Notices();
  input = new PenInput(canvas as never, notices);
});

afterEach(() => {
  input.stop();
  document.body.replaceWith(document.createElement("body"));
});

it("lets fingers draw where there is no pen", () => {
  touch("down", 1);
  touch("move", 1, 200);
  touch("up", 1, 200);
  expect(seen).toEqual(["touch down", "touch move", "touch up"]);
  expect([canvas.penMode, notices.list()]).toEqual([false, []]);
});

it("says once per device that a pen was found, and gives a way back that is remembered", () => {
  pen("move");
  expect(canvas.penMode).toBe(true);
  const [notice] = notices.list();
  expect(notice?.text).toBe("Pen found: fingers move the board.");
  notice!.action!.run();
  expect([canvas.penMode, notices.list()]).toEqual([false, []]);
  input.stop();
  input = new PenInput(canvas as never, notices);
  pen("move");
  expect([canvas.penMode, notices.list()]).toEqual([false, []]);
});

it("remembers what was chosen by the button among the tools", () => {
  penWasHere();
  canvas.penMode = false;
  touch("down", 1);
  touch("up", 1);
  expect(seen).toEqual(["touch down", "touch up"]);
  input.stop();
  input = new PenInput(canvas as never, notices);
  pen("move");
  expect(canvas.penMode).toBe(false);
});

it("moves the board by a finger after a pen was found", async () => {
  penWasHere();
  touch("down", 1, 100);
  touch("move", 1, 120);
  touch("move", 1, 170);
  await frame();
  expect([seen, canvas.view]).toEqual([[], { scrollX: 50, scrollY: 0, zoom: 1 }]);
  touch("up", 1, 170);
  await frame();
  canvas.view = { scrollX: 7, scrollY: 7, zoom: 1 }; // by the wheel, say
  touch("down", 2, 100);
  touch("move", 2, 120);
  touch("move", 2, 130);
  await frame();
  expect(canvas.view).toEqual({ scrollX: 17, scrollY: 7, zoom: 1 });
});

it.each([true, false])("ignores touches while the pen is down or near, in pen mode: %s", async (penMode) => {
  penWasHere();
  canvas.penMode = penMode;
  pen("down");
  touch("down", 1, 100);
  pen("up");
  touch("move", 1, 300); // it was a palm and stays one
  now_ms += 400;
  touch("down", 2, 100);
  touch("move", 2, 300);
  await frame();
  expect([seen, canvas.view.scrollX]).toEqual([["pen down", "pen up"], 0]);
  touch("up", 1);
  touch("up", 2);
  now_ms += 400;
  touch("down", 3);
  expect(seen.slice(2)).toEqual(penMode ? [] : ["touch down"]);
});

it("ignores a finger that moved the board once the pen is down", async () => {
  penWasHere();
  touch("down", 1, 100);
  touch("move", 1, 120);
  touch("move", 1, 150);
  await frame();
  pen("down");
  touch("move", 1, 400);
  await frame();
  expect(canvas.view.scrollX).toBe(30);
});

it("takes back what a hand has drawn before the first pen came", () => {
  touch("down", 1);
  touch("move", 1, 103);
  pen("down");
  touch("move", 1, 130);
  touch("up", 1, 130);
  expect(canvas.dropped).toEqual([1]);
  expect(seen).toEqual(["touch down", "touch move", "pen down"]);
});

it.each([[true, ["touch down", "touch up"]], [false, []]])("gives Excalidraw a tap if it selects: %s", (selects, expected) => {
  penWasHere();
  canvas.selects = selects;
  touch("down", 1);
  now_ms += 100;
  touch("up", 1);
  expect(seen).toEqual(expected);
});

it("leaves touches beside the canvas and boards that one may only view alone", () => {
  penWasHere();
  send("pointerdown", "touch", 1, 0, 0, document.querySelector("button")!);
  canvas.viewOnly = true;
  touch("down", 2);
  expect(seen).toEqual(["touch down", "touch down"]);
});

it("keeps the browser from making clicks and menus of a finger that moves the board", () => {
  penWasHere();
  const start = () => {
    const event = new Event("touchstart", { bubbles: true, cancelable: true });
    board.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(start()).toBe(false);
  touch("down", 1);
  expect(start()).toBe(true);
});
