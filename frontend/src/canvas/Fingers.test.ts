import { beforeEach, describe, expect, it } from "vitest";
import { Fingers } from "./Fingers";
import { movedView, type View } from "./view";

const at = (x: number, y: number) => ({ x, y });
const seen = ({ scrollX, scrollY, zoom }: View, x: number, y: number) => at((x + scrollX) * zoom, (y + scrollY) * zoom);
const scene = ({ scrollX, scrollY, zoom }: View, { x, y }: { x: number; y: number }) => [x / zoom - scrollX, y / zoom - scrollY] as const;

let view: View;
let fingers: Fingers;

beforeEach(() => {
  view = { scrollX: 30, scrollY: -20, zoom: 2 };
  fingers = new Fingers(() => view);
});

describe("one finger", () => {
  it("moves nothing while it rests, however restlessly", () => {
    fingers.down(1, at(100, 100), 0);
    expect([fingers.move(1, at(104, 103)), fingers.move(1, at(96, 98))]).toEqual([null, null]);
  });

  it("drags the view from where it began to move, without a jump", () => {
    fingers.down(1, at(100, 100), 0);
    expect(fingers.move(1, at(120, 100))).toEqual(view);
    expect(fingers.move(1, at(140, 110))).toEqual({ scrollX: 40, scrollY: -15, zoom: 2 });
  });

  it("taps when it is soon lifted at its place", () => {
    fingers.down(1, at(100, 100), 1_000);
    fingers.move(1, at(103, 100));
    expect(fingers.up(1, 1_200)).toBe(true);
  });

  it("does not tap when it stayed long, moved, or was not alone", () => {
    fingers.down(1, at(100, 100), 1_000);
    expect(fingers.up(1, 1_400)).toBe(false);
    fingers.down(1, at(100, 100), 2_000);
    fingers.move(1, at(150, 100));
    expect(fingers.up(1, 2_100)).toBe(false);
    fingers.down(1, at(100, 100), 3_000);
    fingers.down(2, at(200, 100), 3_010);
    expect([fingers.up(1, 3_100), fingers.up(2, 3_100)]).toEqual([false, false]);
  });
});

describe("two fingers", () => {
  it("zoom, and what is between them goes along", () => {
    fingers.down(1, at(100, 200), 0);
    fingers.down(2, at(300, 200), 0);
    fingers.move(1, at(90, 200)); // from here on
    fingers.move(1, at(50, 250));
    const now = fingers.move(2, at(450, 250))!;
    expect(now.zoom).toBeCloseTo((2 * 400) / 210);
    const middle = scene(view, at(195, 200));
    expect(seen(now, ...middle).x).toBeCloseTo(250);
    expect(seen(now, ...middle).y).toBeCloseTo(250);
  });

  it("leave the view where it is when one of them is lifted, and the other drags on", () => {
    fingers.down(1, at(100, 200), 0);
    fingers.down(2, at(300, 200), 0);
    fingers.move(2, at(320, 200));
    const wide = fingers.move(2, at(400, 200))!;
    fingers.up(2, 500);
    const next = fingers.move(1, at(110, 200))!;
    expect(next.zoom).toBe(wide.zoom);
    expect(next.scrollX).toBeCloseTo(wide.scrollX + 10 / wide.zoom);
  });

  it("that are set down while one drags begin without a jump", () => {
    fingers.down(1, at(100, 100), 0);
    fingers.move(1, at(120, 100));
    const dragged = fingers.move(1, at(150, 100))!;
    fingers.down(2, at(350, 300), 100);
    expect(fingers.move(1, at(150, 100))).toEqual(dragged);
  });
});

it("zooms no further than Excalidraw does", () => {
  expect(movedView(view, at(0, 0), at(0, 0), 1_000).zoom).toBe(30);
  expect(movedView(view, at(0, 0), at(0, 0), 0.001).zoom).toBe(0.1);
});

it("begins from the present view after all were lifted", () => {
  fingers.down(1, at(0, 0), 0);
  fingers.move(1, at(50, 0));
  fingers.up(1, 100);
  view = { scrollX: 500, scrollY: 500, zoom: 1 };
  fingers.down(2, at(0, 0), 200);
  expect(fingers.move(2, at(50, 0))).toEqual(view);
});
