// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WireElement } from "../room/protocol";
import { RoomClient } from "../room/RoomClient";
import { StubSocket } from "../test/StubSocket";
import { element, welcome } from "../test/wire";
import { Quarantine } from "./Quarantine";
import type { BoardApi, SceneElement } from "./excalidraw";
import { SceneSync, type ServerChange } from "./sceneSync";

/** The canvas behind its door: a list of elements, and what somebody has in hand. */
const canvas = vi.hoisted(() => ({
  elements: [] as unknown[],
  inHand: null as string | null,
  points: 0,
  replaced: 0,
  /** Ids that were new with each replacement that can be undone. */
  undoable: [] as string[][],
  cost_ms: 0,
  released: () => undefined as void,
}));

vi.mock("./excalidraw", () => ({
  asWire: (elements: unknown) => elements,
  continueStroke: () => undefined,
  inParts: (each: WireElement) => [{ ...each, points: [], version: each.version + 1 }, { ...each, id: `${each.id}2`, index: "a9", points: [] }],
  heldIds: () => new Set(canvas.inHand ? [canvas.inHand] : []),
  isInvisible: ({ width }: { width: number }) => width === 0,
  pointsBeingDrawn: () => canvas.points,
  restored: (arrived: WireElement[]) => ({ elements: arrived.filter((each) => !each.bad), unknown: [], broken: arrived.filter((each) => each.bad) }),
  replaceScene: (_api: unknown, elements: unknown[]) => {
    canvas.elements = [...elements];
    canvas.replaced += 1;
    vi.advanceTimersByTime(canvas.cost_ms);
  },
  replaceAsEdit: (_api: unknown, elements: { id: string; version: number }[]) => {
    const before = new Map((canvas.elements as { id: string; version: number }[]).map(({ id, version }) => [id, version]));
    canvas.undoable.push(elements.filter(({ id, version }) => before.get(id) !== version).map(({ id }) => id));
    canvas.elements = [...elements];
  },
  moveInPlace: (element: object, index: string) => Object.assign(element, { index }),
  takeMove: (element: object, move: object) => Object.assign(element, move),
}));

interface Push {
  id: string;
  elements: WireElement[];
}

let room: RoomClient;
let sync: SceneSync;
let quarantine: Quarantine;
let hidden = false;
const ready = new Set<string>();
const socket = () => StubSocket.latest;
const sizes = () => socket().messages<Push>("push").map(({ elements }) => elements.length);
const later = (ms: number) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance", "requestAnimationFrame", "cancelAnimationFrame"] });
  Object.assign(canvas, { elements: [], inHand: null, points: 0, replaced: 0, undoable: [], cost_ms: 0 });
  hidden = false;
  ready.clear();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  StubSocket.made.length = 0;
  room = new RoomClient({ url: "/ws", you: { id: "u1", name: "Ana", role: "edit" }, doors: StubSocket.doors });
  room.start();
  socket().accept();
  const api = {
    getSceneElementsIncludingDeleted: () => canvas.elements,
    onPointerUp: (run: () => void) => {
      canvas.released = run;
      return () => undefined;
    },
  } as unknown as BoardApi;
  sync = new SceneSync(api, room, (each) => each.type !== "image" || ready.has(each.id), (each, before) => each.customData?.own === true && !before?.customData?.own, quarantine = new Quarantine());
});

afterEach(() => {
  sync.stop();
  room.stop();
  vi.useRealTimers();
});

function enter(fields: object = {}) {
  socket().feed(welcome(fields));
  later(300);
  canvas.replaced = 0;
}

/** One more version of an element here, as Excalidraw makes it: in place. */
function draw(id: string, fields: Partial<WireElement> = {}) {
  const known = (canvas.elements as SceneElement[]).find((each) => each.id === id);
  if (known) Object.assign(known, { version: known.version + 1, ...fields });
  else canvas.elements = [...canvas.elements, element(id, { index: `a${canvas.elements.length}`, ...fields })];
  sync.changed();
}

/** Draws at 60 frames a second. */
function drawFor(ms: number, id = "a") {
  for (let passed = 0; passed < ms; passed += 16) {
    draw(id);
    later(16);
  }
}

const people = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x${at}`, { id: `u${at}`, name: "B" }]));

describe("out", () => {
  it.each([[0, 20, 32], [8, 14, 21], [30, 10, 16], [120, 6, 11]])("beside %i others a second of dragging is %i to %i pushes", (others, least, most) => {
    enter({ collaborators: people(others) });
    drawFor(1_000);
    expect(sizes().length).toBeGreaterThanOrEqual(least);
    expect(sizes().length).toBeLessThanOrEqual(most);
  });

  it("a very full board is slower too", () => {
    enter();
    canvas.elements = Array.from({ length: 6_000 }, (_, at) => element(`e${at}`, { index: `a${at}` }));
    room.inbox.take();
    sync.changed();
    later(3_000);
    const before = sizes().length;
    drawFor(1_000, "e5");
    expect(sizes().length - before).toBeLessThanOrEqual(11);
  });

  it("a stroke that has grown goes ten times a second, and whole when the pen is lifted", () => {
    enter();
    canvas.inHand = "a";
    canvas.points = 60;
    drawFor(1_000);
    expect(sizes().length).toBeGreaterThan(7);
    expect(sizes().length).toBeLessThanOrEqual(11);
    draw("a");
    const before = sizes().length;
    canvas.inHand = null;
    canvas.points = 0;
    canvas.released();
    later(0);
    expect(sizes().length).toBe(before + 1);
    expect(socket().messages<Push>("push").at(-1)!.elements[0]!.version).toBe((canvas.elements[0] as WireElement).version);
  });

  it.each([
    ["the window loses the focus", () => window.dispatchEvent(new Event("blur"))],
    ["the page is left", () => window.dispatchEvent(new Event("pagehide"))],
    ["the page is hidden", () => { hidden = true; document.dispatchEvent(new Event("visibilitychange")); }],
  ])("nothing waits when %s", (_name, happen) => {
    enter();
    canvas.points = 500;
    draw("a");
    draw("a");
    const before = sizes().length;
    happen();
    expect(sizes().length).toBe(before + 1);
  });

  it("a picture waits for its bytes, is kept meanwhile, and holds nothing else up", () => {
    const hold = vi.spyOn(room, "hold");
    enter();
    draw("p", { type: "image", fileId: "f1" });
    draw("placing", { type: "image", fileId: null });
    draw("r");
    later(100);
    expect(socket().messages<Push>("push").flatMap(({ elements }) => elements.map(({ id }) => id))).toEqual(["r"]);
    expect(hold.mock.lastCall![0].map(({ id }) => id)).toEqual(["p"]);
    ready.add("p");
    draw("p", { status: "saved" });
    later(100);
    expect(socket().messages<Push>("push").at(-1)!.elements.map(({ id }) => id)).toEqual(["p"]);
    expect(hold.mock.lastCall![0]).toEqual([]);
  });
});

describe("in", () => {
  const arrive = (clock: number) => socket().feed({ type: "patch", clock, elements: [element("b", { version: clock })] });

  it("what arrives within a frame is put on the canvas once", () => {
    enter();
    for (let clock = 11; clock <= 30; clock++) arrive(clock);
    later(50);
    expect(canvas.replaced).toBe(1);
    expect((canvas.elements[0] as WireElement).version).toBe(30);
  });

  it("it never takes more than a third of the time, but comes four times a second at least", () => {
    enter();
    for (const [cost_ms, most, least] of [[0, 31, 20], [20, 17, 7], [400, 4, 1]] as const) {
      canvas.cost_ms = cost_ms;
      canvas.replaced = 0;
      const until = performance.now() + 1_000;
      for (let clock = 1_000 * (cost_ms + 1); performance.now() < until; clock++) {
        arrive(clock);
        later(10);
      }
      expect(canvas.replaced).toBeLessThanOrEqual(most);
      expect(canvas.replaced).toBeGreaterThanOrEqual(least);
    }
  });

  it("drawing counts too: late frames make it rarer", () => {
    enter();
    vi.stubGlobal("requestAnimationFrame", (run: () => void) => setTimeout(run, 80));
    const until = performance.now() + 2_000;
    for (let clock = 11; performance.now() < until; clock++) {
      arrive(clock);
      later(10);
    }
    vi.unstubAllGlobals();
    expect(canvas.replaced).toBeLessThanOrEqual(9);
    expect(canvas.replaced).toBeGreaterThanOrEqual(5);
  });

  it("a hidden page only gathers, and shows it all when it is looked at", () => {
    enter();
    hidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
    for (let clock = 11; clock <= 200; clock++) {
      arrive(clock);
      later(50);
    }
    expect(canvas.replaced).toBe(0);
    expect(room.inbox.size).toBe(1);
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    later(50);
    expect(canvas.replaced).toBe(1);
    expect((canvas.elements[0] as WireElement).version).toBe(200);
  });

  it("what is in somebody's hands stays there until it is let go", () => {
    enter({ elements: [element("b", { version: 5 })] });
    canvas.inHand = "b";
    arrive(11);
    later(300);
    expect((canvas.elements[0] as WireElement).version).toBe(5);
    canvas.inHand = null;
    canvas.released();
    later(300);
    expect((canvas.elements[0] as WireElement).version).toBe(11);
  });

  it("a return after a break replaces nothing that is as it was", () => {
    enter({ elements: [element("a"), element("b", { index: "a1" })] });
    const before = canvas.elements;
    socket().drop();
    later(2_000);
    socket().accept();
    socket().feed(welcome({ clock: 12, complete: true, elements: [element("a"), element("b", { index: "a1" })] }));
    later(300);
    expect(canvas.replaced).toBe(0);
    expect(canvas.elements).toBe(before);
  });
});

describe("what was asked for on this page", () => {
  const own = (id: string, fields: Partial<WireElement> = {}) => element(id, { index: `b${id}`, customData: { own: true }, ...fields });
  const patch = (...elements: WireElement[]) => {
    socket().feed({ type: "patch", clock: 11, elements });
    later(300);
  };

  it("may also change and remove what is here, in one step; a later change of the same by others is none", () => {
    enter();
    patch(element("picture", { index: "b1" }), element("mark", { index: "b2" }), element("other", { index: "b3" }));
    patch(own("picture", { index: "b1", version: 9 }), own("mark", { index: "b2", version: 2, isDeleted: true }), element("other", { index: "b3", version: 2 }));
    expect(canvas.undoable).toEqual([["picture", "mark"]]);
    patch(own("picture", { index: "b1", version: 10 }));
    expect(canvas.undoable).toHaveLength(1);
  });

  it("comes as one step that can be undone, and nobody else's does", () => {
    enter();
    patch(own("mine"), element("theirs", { index: "bz" }));
    expect(canvas.undoable).toEqual([["mine"]]);
    expect((canvas.elements as SceneElement[]).map(({ id }) => id).sort()).toEqual(["mine", "theirs"]);
  });

  it("is a step once: what others do with it later is theirs", () => {
    enter();
    patch(own("mine"));
    patch(own("mine", { version: 2, x: 50 }));
    patch(own("mine", { version: 3, isDeleted: true }));
    expect(canvas.undoable).toEqual([["mine"]]);
    expect((canvas.elements as SceneElement[])[0]).toMatchObject({ version: 3, isDeleted: true });
  });

  it("and is not sent back", () => {
    enter();
    patch(own("mine"));
    sync.changed();
    later(1_000);
    expect(sizes()).toEqual([]);
  });
});

it("what is too long travels in parts, once it is out of somebody's hands", () => {
  enter();
  canvas.inHand = "a";
  draw("a", { type: "freedraw", points: Array.from({ length: 5_001 }, () => [0, 0]) });
  later(300);
  expect(sizes()).toEqual([]);
  canvas.inHand = null;
  draw("a");
  later(300);
  expect(socket().messages<Push>("push").flatMap(({ elements }) => elements.map(({ id }) => id))).toEqual(["a", "a2"]);
});

it("shows a label above its arrow, without a word to anybody", () => {
  const [label, arrow] = [element("l", { type: "text", containerId: "a", index: "a0" }), element("a", { type: "arrow", index: "a1" })];
  enter({ elements: [label, arrow] });
  expect((canvas.elements as WireElement[]).map(({ id, index }) => [id, index])).toEqual([["a", "a1"], ["l", "a2"]]);
  sync.changed();
  socket().feed({ type: "patch", clock: 11, elements: [element("z", { index: "a3" })] });
  later(300);
  expect((canvas.elements as WireElement[]).map(({ id }) => id)).toEqual(["a", "l", "z"]);
  expect(sizes()).toEqual([]);
});

describe("what would break the canvas", () => {
  const bad = (id: string, fields: object = {}) => element(id, { bad: true, index: "a5", ...fields });
  const shown = () => (canvas.elements as WireElement[]).map(({ id }) => id);

  it("is set aside, and the others are shown", () => {
    enter({ elements: [element("a"), bad("b"), element("c", { index: "a9" })] });
    expect(shown()).toEqual(["a", "c"]);
    expect(sync.notShown.map(({ id }) => id)).toEqual(["b"]);
  });

  it("leaves the canvas when a new version of it would, and comes back mended", () => {
    enter({ elements: [element("a"), element("b", { index: "a5" })] });
    socket().feed({ type: "patch", clock: 11, elements: [bad("b", { version: 2 })] });
    later(300);
    expect(shown()).toEqual(["a"]);
    socket().feed({ type: "patch", clock: 12, elements: [element("b", { index: "a5", version: 3 })] });
    later(300);
    expect(shown()).toEqual(["a", "b"]);
    expect(quarantine.elements).toEqual([]);
  });

  it("stays aside in every version when it was found by breaking it", () => {
    quarantine.ban(["b"]);
    enter({ elements: [element("a"), element("b", { index: "a5" })] });
    expect(shown()).toEqual(["a"]);
    socket().feed({ type: "patch", clock: 11, elements: [element("b", { version: 2, index: "a5", isDeleted: true })] });
    later(300);
    expect(quarantine.elements).toEqual([]);
  });
});

describe("what a request of this page changes", () => {
  const patch = (clock: number, elements: WireElement[]) => socket().feed({ type: "patch", clock, elements });
  const here = () => (canvas.elements as WireElement[]).map(({ id, version }) => `${id}${version}`).sort();
  const settled = () => vi.advanceTimersByTimeAsync(100);

  it("is one edit that can be undone, whether the answer or the elements come first", async () => {
    enter({ clock: 4, elements: [element("a", { index: "a0" }), element("b", { index: "a1" })] });
    const early = sync.showAsEdit(async () => ({ clock: 5, elements: ["a"] }));
    await settled();
    patch(5, [element("a", { version: 2, index: "a0" })]);
    await early;
    await settled();
    let answer: (change: ServerChange) => void = () => undefined;
    const late = sync.showAsEdit(() => new Promise<ServerChange>((resolve) => (answer = resolve)));
    patch(6, [element("b", { version: 2, index: "a1" }), element("theirs", { index: "a2" })]);
    await settled();
    expect(here()).toEqual(["a2", "b1"]); // waits
    answer({ clock: 6, elements: ["b"] });
    await late;
    await settled();
    expect(here()).toEqual(["a2", "b2", "theirs1"]);
    expect(canvas.undoable).toEqual([["a"], ["b"]]);
  });

  it("is a change like those of others when the server takes too long, and after it failed", async () => {
    enter({ clock: 4, elements: [element("a", { index: "a0" })] });
    const slow = sync.showAsEdit(async () => ({ clock: 5, elements: ["a"] }));
    await vi.advanceTimersByTimeAsync(3_100);
    await slow;
    patch(5, [element("a", { version: 2, index: "a0" })]);
    await settled();
    const failed = sync.showAsEdit(() => Promise.reject(new Error("no")));
    await expect(failed).rejects.toThrow("no");
    patch(6, [element("a", { version: 3, index: "a0" })]);
    await settled();
    expect([here(), canvas.undoable]).toEqual([["a3"], []]);
  });
});
