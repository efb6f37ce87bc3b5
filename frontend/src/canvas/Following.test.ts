// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import type { Region } from "../api/types";
import type { Collaborator } from "../room/messages";
import { Signal } from "../room/signal";
import { Following } from "./Following";

interface Canvas {
  view: Region;
  followed: string | null;
  went: [Region, string][];
  scrolled: Signal;
  onScrollChange(listener: () => void): () => void;
  followChanged: Signal;
}

vi.mock("./excalidraw", () => ({
  inView: ({ view }: Canvas) => view,
  fitView: (canvas: Canvas, region: Region) => {
    canvas.view = region;
    canvas.scrolled.send();
  },
  glideTo: (canvas: Canvas, region: Region, how: string) => void canvas.went.push([region, how]),
  followedSession: ({ followed }: Canvas) => followed,
  setFollowed: (canvas: Canvas, followed: { session: string } | null) => {
    canvas.followed = followed?.session ?? null;
    canvas.followChanged.send();
  },
  onFollowed: ({ followChanged }: Canvas, listener: () => void) => followChanged.on(listener),
}));

let canvas: Canvas;
let shown: number[][];
let all: Map<string, Collaborator>;
let following: Following;
const peopleChanged = new Signal();
const ada = (fields: Partial<Collaborator>): Collaborator => ({ id: "ada", name: "Ada", color: "", ...fields });

function arrive(session: string, person: Collaborator): void {
  all.set(session, person);
  peopleChanged.send();
}

function scroll(view: Region): void {
  canvas.view = view;
  canvas.scrolled.send();
}

beforeEach(() => {
  const scrolled = new Signal();
  canvas = { view: { x: 0, y: 0, width: 100, height: 50 }, followed: null, went: [], scrolled, onScrollChange: (listener) => scrolled.on(listener), followChanged: new Signal() };
  shown = [];
  all = new Map();
  const room = { people: { all }, peopleChanged, show: ({ viewport }: { viewport: number[] }) => shown.push(viewport) };
  following = new Following(canvas as never, room as never);
});

it("shows the others what is in view, in whole units, and each view once", () => {
  scroll({ x: 10.4, y: 0, width: 100, height: 50 });
  canvas.scrolled.send();
  expect(shown).toEqual([[0, 0, 100, 50], [10, 0, 110, 50]]);
});

it("shows no view that the server would refuse", () => {
  scroll({ x: 2e9, y: 0, width: 100, height: 50 });
  scroll({ x: 0, y: 0, width: 0, height: 0 });
  expect(shown).toEqual([[0, 0, 100, 50]]);
});

it("goes along with a person until the canvas says that it is over", () => {
  arrive("a1", ada({ viewport: [500, 0, 700, 100] }));
  following.follow("ada");
  expect(following.now()).toEqual({ id: "ada", name: "Ada" });
  expect(canvas.view).toEqual({ x: 500, y: 0, width: 200, height: 100 });
  arrive("a1", ada({ viewport: [600, 0, 800, 100] }));
  expect(canvas.view.x).toBe(600);

  canvas.followed = null; // a hand moved the canvas
  canvas.followChanged.send();
  arrive("a1", ada({ viewport: [900, 0, 1100, 100] }));
  expect([canvas.view.x, following.now()]).toEqual([600, null]);
});

it("shows what the followed person shows, not the own larger view, so that two who follow each other stay where they are", () => {
  arrive("a1", ada({ viewport: [500, 0, 700, 100] }));
  following.follow("ada");
  scroll({ x: 450, y: 0, width: 300, height: 100 }); // fitted into another shape
  expect(shown.at(-1)).toEqual([500, 0, 700, 100]);
  following.stop();
  expect(shown.at(-1)).toEqual([450, 0, 750, 100]);
});

it("takes the tab that is in use, and follows nobody whose view is unknown or no region", () => {
  arrive("a1", ada({ viewport: [0, 0, 10, 10], idle: "away" }));
  arrive("a2", ada({ viewport: [50, 0, 60, 10] }));
  arrive("b", ada({ id: "bot", viewport: [5, 5, 5, 5] }));
  following.follow("bot");
  following.follow("nobody");
  expect(canvas.followed).toBeNull();
  following.follow("ada");
  expect(canvas.followed).toBe("a2");
});

it("goes to what a person sees, or to their pointer, and follows nobody then", () => {
  arrive("a", ada({ viewport: [0, 0, 10, 20] }));
  following.follow("ada");
  expect(following.goTo("ada")).toBe(true);
  expect(canvas.followed).toBeNull();
  arrive("b", ada({ id: "bot", pointer: { x: 7, y: 8, tool: "pointer" } }));
  expect(following.goTo("bot")).toBe(true);
  expect(following.goTo("nobody")).toBe(false);
  expect(canvas.went).toEqual([[{ x: 0, y: 0, width: 10, height: 20 }, "fitted"], [expect.objectContaining({ x: 7, y: 8 }), "centred"]]);
});
