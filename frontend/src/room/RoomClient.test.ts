import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StubSocket } from "../test/StubSocket";
import { element } from "../test/wire";
import type { Refusal, WireElement } from "./protocol";
import { RoomClient } from "./RoomClient";

interface Push {
  id: string;
  elements: WireElement[];
}

let room: RoomClient;
const socket = () => StubSocket.latest;
const pushes = () => socket().messages<Push>("push");
const welcome = (fields: object = {}) => ({
  type: "welcome", protocol: 1, session: "s1", you: { id: "u1", name: "Ana", role: "edit" }, clock: 10,
  elements: [], files: {}, collaborators: {}, jobs: [], more: false, complete: true, ...fields,
});
const later = (ms = 40) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  vi.useFakeTimers();
  StubSocket.made.length = 0;
  room = new RoomClient({ url: "/ws", you: { id: "u1", name: "Ana", role: "edit" }, doors: StubSocket.doors });
  room.start();
  socket().accept();
});

afterEach(() => {
  room.stop();
  vi.useRealTimers();
});

function enter(fields: object = {}) {
  socket().feed(welcome(fields));
}

function reconnect() {
  socket().drop();
  later(2000);
  socket().accept();
}

describe("entering", () => {
  it("says hello without a clock at first, with it on return", () => {
    expect(socket().messages("hello")[0]).toMatchObject({ protocol: 1, name: "Ana" });
    expect(socket().messages("hello")[0]).not.toHaveProperty("clock");
    enter({ clock: 41 });
    socket().feed({ type: "patch", clock: 42, elements: [element("a")] });
    reconnect();
    expect(socket().messages("hello")[0]).toMatchObject({ clock: 42 });
  });

  it("does not trust a scene before its last part: the clock waits for synced", () => {
    enter({ clock: 7, more: true, elements: [element("a")] });
    socket().feed({ type: "patch", clock: 7, elements: [element("b")] });
    expect(room.clock).toBeNull();
    socket().feed({ type: "synced", clock: 8 });
    expect(room.clock).toBe(8);
  });

  it("an acknowledgement moves the clock, as the server sends what came before it first; never before synced", () => {
    enter({ clock: 7, more: true });
    room.offer([element("a")]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 9, refused: [] });
    expect(room.clock).toBeNull();
    socket().feed({ type: "synced", clock: 8 });
    room.offer([element("b")]);
    later();
    socket().feed({ type: "ack", ref: "p2", clock: 10, refused: [] });
    expect(room.clock).toBe(10);
  });

  it("a complete scene on return tells what is gone, but never what waits to be sent", () => {
    enter({ elements: [element("old"), element("kept")] });
    room.offer([element("kept", { version: 2 }), element("mine")]);
    const gone: string[] = [];
    room.elementsGone.on((ids) => gone.push(...ids));
    socket().drop();
    later(2000);
    socket().accept();
    enter({ clock: 90, elements: [element("new")], complete: true });
    expect(gone).toEqual(["old"]);
  });

  it("a close code that means goodbye is final, others are not", () => {
    enter();
    socket().drop(4403);
    later(60_000);
    expect(StubSocket.made).toHaveLength(1);
    expect(room.line).toBe("closed");
    expect(room.closedBecause).toMatch(/access/);
  });

  it.each([1006, 1012, 4408, 4503])("comes back after %i", (code) => {
    enter();
    socket().drop(code);
    expect(room.line).toBe("offline");
    later(10_000);
    expect(StubSocket.made.length).toBeGreaterThan(1);
  });

  it("starts over with its clock when the server asks for it, and sends nothing before the new welcome", () => {
    enter({ clock: 12 });
    socket().feed({ type: "resync" });
    expect(StubSocket.made).toHaveLength(2);
    room.offer([element("a")]);
    later();
    socket().accept();
    expect(socket().messages("hello")[0]).toMatchObject({ clock: 12 });
    expect(pushes()).toHaveLength(0);
    enter({ clock: 13, complete: false });
    later();
    expect(pushes()).toHaveLength(1);
  });

  it("renews a connection that fell silent", () => {
    enter();
    later(60_000);
    expect(StubSocket.made.length).toBeGreaterThan(1);
  });
});

describe("sending", () => {
  it("gathers changes for 33 ms and sends the newest of each element", () => {
    enter();
    later(100);
    room.offer([element("a"), element("b")]);
    room.offer([element("a", { version: 2 })]);
    expect(pushes()).toHaveLength(0);
    later();
    expect(pushes()).toHaveLength(1);
    expect(pushes()[0]!.elements.map((e) => [e.id, e.version])).toEqual([["a", 2], ["b", 1]]);
  });

  it("does not echo what came from the server", () => {
    enter({ elements: [element("a", { version: 5 })] });
    socket().feed({ type: "patch", clock: 11, elements: [element("b", { version: 3 })] });
    room.offer([element("a", { version: 5 }), element("b", { version: 3 })]);
    later();
    expect(pushes()).toHaveLength(0);
    expect(room.pendingCount).toBe(0);
  });

  it("does not send what a newer version from the server has beaten", () => {
    enter();
    room.offer([element("a", { version: 2, versionNonce: 9 })]);
    socket().feed({ type: "patch", clock: 11, elements: [element("a", { version: 2, versionNonce: 3 })] });
    later();
    expect(pushes()).toHaveLength(0);
  });

  it("sends what is not acknowledged again after a reconnect, word for word", () => {
    enter();
    room.offer([element("a")]);
    later();
    room.offer([element("b")]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [] });
    const before = socket().sent.filter((text) => text.includes('"push"'));
    expect(room.pendingCount).toBe(1);
    reconnect();
    expect(pushes()).toHaveLength(0);
    enter({ clock: 11, complete: false });
    expect(socket().sent.filter((text) => text.includes('"push"'))).toEqual([before[1]]);
    socket().feed({ type: "ack", ref: "p2", clock: 12, refused: [] });
    expect(room.pendingCount).toBe(0);
  });

  it("keeps what is drawn while offline and sends it on return", () => {
    enter();
    socket().drop();
    room.offer([element("a")]);
    later();
    expect(room.pendingCount).toBe(1);
    later(2000);
    socket().accept();
    enter({ complete: false });
    later();
    expect(pushes()[0]!.elements[0]!.id).toBe("a");
  });

  it("splits by count", () => {
    enter({ limits: { max_elements_per_push: 3 } });
    room.offer(Array.from({ length: 8 }, (_, i) => element(`e${i}`)));
    later();
    expect(pushes().map((push) => push.elements.length)).toEqual([3, 3, 2]);
    expect(pushes().map((push) => push.id)).toEqual(["p1", "p2", "p3"]);
  });

  it("splits by bytes as they travel, not by characters", () => {
    enter({ limits: { max_push_bytes: 2000 } });
    room.offer(Array.from({ length: 6 }, (_, i) => element(`e${i}`, { text: "ü".repeat(350) })));
    later();
    const sizes = socket().sent.filter((text) => text.includes('"push"')).map((text) => new TextEncoder().encode(text).length);
    expect(sizes.every((size) => size <= 2000)).toBe(true);
    expect(pushes().flatMap((push) => push.elements)).toHaveLength(6);
  });

  it("refuses by itself an element that fits no push, and sends the others", () => {
    enter({ limits: { max_push_bytes: 1000 } });
    const refused: Refusal[] = [];
    room.refused.on((refusal) => refused.push(refusal));
    room.offer([element("big", { text: "x".repeat(5000) }), element("small")]);
    later();
    expect(refused.map(({ id, code }) => [id, code])).toEqual([["big", "element_too_big"]]);
    expect(pushes()[0]!.elements.map(({ id }) => id)).toEqual(["small"]);
  });

  it("lets changes gather while the socket is crowded", () => {
    enter();
    socket().bufferedAmount = 10_000_000;
    room.offer([element("a")]);
    later();
    expect(pushes()).toHaveLength(0);
    socket().bufferedAmount = 0;
    later();
    expect(pushes()).toHaveLength(1);
  });
});

describe("refusals", () => {
  it("goes back to the server's version, and does not offer the refused one again", () => {
    enter({ elements: [element("a", { version: 3, x: 1 })] });
    const refused: Refusal[] = [];
    room.refused.on((refusal) => refused.push(refusal));
    const bad = element("a", { version: 4, x: 1e9 });
    room.offer([bad]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [{ id: "a", code: "coordinate", message: "Too far out." }] });
    expect(refused).toHaveLength(1);
    expect(room.giveUp("a")).toMatchObject({ version: 3, x: 1 });
    room.offer([element("a", { version: 3, x: 1 })]);
    later();
    expect(pushes()).toHaveLength(1);
    expect(room.pendingCount).toBe(0);
  });

  it("an element the server never had has nothing to go back to", () => {
    enter();
    room.offer([element("a")]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [{ id: "a", code: "x", message: "No." }] });
    expect(room.giveUp("a")).toBeNull();
  });

  it("a refusal does not count while a newer version is on its way", () => {
    enter();
    const refused: Refusal[] = [];
    room.refused.on((refusal) => refused.push(refusal));
    room.offer([element("a")]);
    later();
    room.offer([element("a", { version: 2 })]);
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [{ id: "a", code: "x", message: "No." }] });
    expect(refused).toHaveLength(0);
  });

  it("an error that names a push refuses it; with a wait it is sent again", () => {
    enter();
    const refused: Refusal[] = [];
    room.refused.on((refusal) => refused.push(refusal));
    room.offer([element("a")]);
    later();
    socket().feed({ type: "error", ref: "p1", code: "rate_limited", message: "Slow down.", retry_after_seconds: 2 });
    expect(refused).toHaveLength(0);
    later(2100);
    expect(pushes()).toHaveLength(2);
    socket().feed({ type: "error", ref: "p1", code: "forbidden", message: "View only." });
    expect(refused.map(({ code }) => code)).toEqual(["forbidden"]);
    expect(room.pendingCount).toBe(0);
  });
});

describe("receiving", () => {
  it("keeps the newest of an element by the rule, not the last to arrive", () => {
    enter();
    socket().feed({ type: "patch", clock: 11, elements: [element("a", { version: 4, versionNonce: 2 })] });
    socket().feed({ type: "patch", clock: 12, elements: [element("a", { version: 4, versionNonce: 7 })] });
    socket().feed({ type: "patch", clock: 13, elements: [element("a", { version: 3 })] });
    expect(room.inbox.take()).toEqual([element("a", { version: 4, versionNonce: 2 })]);
  });

  it("leaves in the inbox what is held on the canvas", () => {
    enter();
    socket().feed({ type: "patch", clock: 11, elements: [element("a"), element("b")] });
    expect(room.inbox.take((id) => id === "a").map(({ id }) => id)).toEqual(["b"]);
    expect(room.inbox.take().map(({ id }) => id)).toEqual(["a"]);
  });

  it("knows what the server only moved from what somebody else changed", () => {
    enter();
    room.offer([element("a", { x: 5 })]);
    later();
    socket().feed({ type: "patch", clock: 11, elements: [element("a", { x: 5, version: 2, versionNonce: 77, index: "a4" })] });
    expect(room.inbox.takeMoves().map(({ index }) => index)).toEqual(["a4"]);
    expect(room.inbox.take()).toEqual([]);
    socket().feed({ type: "patch", clock: 12, elements: [element("a", { x: 6, version: 3 })] });
    expect(room.inbox.takeMoves()).toEqual([]);
    expect(room.inbox.take()).toHaveLength(1);
    socket().feed({ type: "ack", ref: "p1", clock: 12, refused: [] });
    room.offer([element("a", { x: 5, version: 2, versionNonce: 77, index: "a4" })]);
    later();
    expect(pushes()).toHaveLength(1);
  });

  it("knows the others, never itself", () => {
    enter({ collaborators: { s1: { id: "u1", name: "Ana" }, s2: { id: "u2", name: "Bob" } } });
    socket().feed({ type: "presence", users: { s3: { id: "u3", name: "Cy" }, s1: { id: "u1", name: "Ana" } } });
    expect([...room.people.all.keys()]).toEqual(["s2", "s3"]);
    socket().feed({ type: "presence", users: { s2: null } });
    expect([...room.people.all.keys()]).toEqual(["s3"]);
  });

  it("shows its pointer at most thirty times a second, the newest counting", () => {
    enter();
    later(100);
    for (let x = 0; x < 100; x++) {
      room.show({ pointer: { x, y: 0, tool: "pointer" } });
      later(1);
    }
    later(100);
    const sent = socket().messages<{ pointer: { x: number } }>("presence");
    expect(sent.length).toBeLessThanOrEqual(5);
    expect(sent.at(-1)!.pointer.x).toBe(99);
  });
});

describe("on this device", () => {
  it("keeps what is not confirmed and offers it to the next page", () => {
    let kept: WireElement[] = [];
    const unsaved = { load: () => kept, save: (elements: WireElement[]) => void (kept = elements) };
    const options = { url: "/ws", you: room.you, doors: StubSocket.doors, unsaved };
    const first = new RoomClient(options);
    first.start();
    socket().accept();
    socket().feed(welcome());
    socket().drop();
    first.offer([element("a")]);
    first.stop();
    expect(kept.map(({ id }) => id)).toEqual(["a"]);

    const second = new RoomClient(options);
    second.start();
    expect(second.inbox.take().map(({ id }) => id)).toEqual(["a"]);
    socket().accept();
    socket().feed(welcome());
    later();
    expect(pushes()[0]!.elements.map(({ id }) => id)).toEqual(["a"]);
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [] });
    expect(kept).toEqual([]);
    second.stop();
  });
});
