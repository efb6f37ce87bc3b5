import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { StubLocks } from "../test/StubLocks";
import { StubSocket } from "../test/StubSocket";
import { element, welcome } from "../test/wire";
import { Journal } from "./Journal";
import { LocalDatabase } from "./LocalDatabase";
import type { Refusal } from "./messages";
import type { WireElement } from "./protocol";
import { RoomClient } from "./RoomClient";

interface Push {
  id: string;
  elements: WireElement[];
}

let room: RoomClient;
const socket = () => StubSocket.latest;
const pushes = () => socket().messages<Push>("push");
const later = (ms = 40) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  // IndexedDB's own steps are immediates: they stay real.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
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

  it("a complete scene is the truth, also where it is older than what was seen: that was taken back", () => {
    enter({ clock: 10, elements: [element("a", { version: 2 })] });
    socket().feed({ type: "patch", clock: 10, elements: [element("a", { version: 3 })] });
    room.inbox.take();
    const gone: string[] = [];
    room.elementsGone.on((ids) => gone.push(...ids));
    reconnect();
    enter({ clock: 9, elements: [element("a", { version: 2 })] });
    expect(gone).toEqual(["a"]);
    expect(room.inbox.take().map(({ id, version }) => [id, version])).toEqual([["a", 2]]);
    expect(room.clock).toBe(9);
  });

  it("what came with a scene that broke off does not stay when the next one lacks it", () => {
    enter({ clock: 0, more: true, elements: [element("a"), element("b")] });
    const gone: string[] = [];
    room.elementsGone.on((ids) => gone.push(...ids));
    reconnect();
    enter({ clock: 11, elements: [element("a")] });
    expect(gone).toEqual(["b"]);
  });

  it("what is confirmed before the last part of a scene is not taken for gone when the scene is older", () => {
    enter({ clock: 0, more: true, elements: [element("a")] });
    const gone: string[] = [];
    room.elementsGone.on((ids) => gone.push(...ids));
    room.offer([element("mine")]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 0, refused: [] });
    socket().feed({ type: "synced", clock: 11 });
    expect(gone).toEqual([]);
    expect(room.pendingCount).toBe(0);
  });

  it("a close code that means goodbye is final, others are not", () => {
    enter();
    socket().drop(4403);
    later(60_000);
    expect(StubSocket.made).toHaveLength(1);
    expect(room.status).toBe("closed");
    expect(room.closedBecause).toMatch(/access/);
  });

  it.each([1006, 1012, 4408, 4503])("comes back after %i", (code) => {
    enter();
    socket().drop(code);
    expect(room.status).toBe("offline");
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

  it("a refusal counts although something older is on its way, and goes back to that", () => {
    const refused: Refusal[] = [];
    room.refused.on((refusal) => refused.push(refusal));
    enter();
    for (const version of [1, 2]) {
      room.offer([element("a", { version })]);
      later();
    }
    socket().feed({ type: "ack", ref: "p2", clock: 11, refused: [{ id: "a", code: "frozen", message: "" }] });
    expect(refused.map(({ id }) => id)).toEqual(["a"]);
    expect(room.giveUp("a")).toMatchObject({ version: 1 });
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
  const device = new IDBFactory();
  const locks = new StubLocks();
  let count = 0;

  /** A page of Ana's; `queue` is made for it. */
  function page(board: string) {
    const queue = `q${++count}`;
    const journal = new Journal(new LocalDatabase(device), { board, person: "ana", queue, locks: locks.of(queue) });
    const made = new RoomClient({ url: "/ws", you: room.you, doors: StubSocket.doors, queue: `${queue}.`, journal });
    made.start();
    return { room: made, queue, journal, socket: StubSocket.latest };
  }
  const written = async (board: string) => (await new LocalDatabase(device).read([board])).map(({ key }) => key.slice(2).join("/")).sort();
  const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { interval: 1 });

  it("a good line costs no writing", async () => {
    const change = vi.spyOn(LocalDatabase.prototype, "change");
    const { room: here, socket: line, queue } = page("good");
    line.accept();
    line.feed(welcome());
    for (let at = 1; at <= 40; at++) {
      here.offer([element("a", { version: at })]);
      await vi.advanceTimersByTimeAsync(50);
      line.feed({ type: "ack", ref: `${queue}.${at}`, clock: 10 + at, refused: [] });
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(here.pendingCount).toBe(0);
    expect(change).not.toHaveBeenCalled();
    here.stop();
  });

  it("what a closed page could not bring home goes out from the next one, with the same ids and words", async () => {
    const first = page("replay");
    first.socket.accept();
    first.socket.feed(welcome());
    first.room.offer([element("a")]);
    later();
    const sent = first.socket.sent.filter((text) => text.includes('"push"'));
    expect(sent).toHaveLength(1);
    first.socket.drop();
    first.room.offer([element("b")]);
    first.room.stop();
    locks.crash(first.queue);
    await eventually(async () => expect(await written("replay")).toEqual([`${first.queue}/push/${first.queue}.1`, `${first.queue}/unsent/b`]));

    const second = page("replay");
    await eventually(() => expect(second.room.inbox.take().map(({ id }) => id)).toEqual(["a", "b"]));
    expect(second.room.pendingCount).toBe(2);
    // Its own already, without any waiting: this page may crash as well.
    await eventually(async () => expect(await written("replay")).toEqual([`${second.queue}/push/${first.queue}.1`, `${second.queue}/unsent/b`]));
    second.socket.accept();
    second.socket.feed(welcome());
    expect(second.room.replayCount).toBe(2);
    const again = second.socket.sent.filter((text) => text.includes('"push"'));
    expect(again[0]).toBe(sent[0]);
    expect(second.socket.messages<Push>("push")[1]).toMatchObject({ id: `${second.queue}.1`, elements: [{ id: "b" }] });
    second.socket.feed({ type: "ack", ref: `${first.queue}.1`, clock: 11, refused: [] });
    expect(second.room.replayCount).toBe(1);
    second.socket.feed({ type: "ack", ref: `${second.queue}.1`, clock: 12, refused: [] });
    expect([second.room.replayCount, second.room.pendingCount]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1_000);
    await eventually(async () => expect(await written("replay")).toEqual([]));
    second.room.stop();
  });

  it("what is found after the welcome goes out at once", async () => {
    const first = page("late");
    first.room.offer([element("a")]);
    first.room.stop();
    await eventually(async () => expect(await written("late")).toHaveLength(1));
    const second = page("late");
    second.socket.accept();
    second.socket.feed(welcome());
    await eventually(() => expect(second.room.pendingCount).toBe(1));
    expect(second.room.replayCount).toBe(1);
    later();
    expect(second.socket.messages<Push>("push").flatMap(({ elements }) => elements.map(({ id }) => id))).toEqual(["a"]);
    second.room.stop();
  });

  it("what another page leaves while this one has no line is found when the line is back", async () => {
    const [first, second] = [page("beside"), page("beside")];
    second.socket.accept();
    second.socket.feed(welcome());
    second.socket.drop();
    await second.journal.adoptQueues(); // so far there is nothing
    first.room.offer([element("a")]);
    first.room.storeUnconfirmed("leaving");
    await eventually(async () => expect(await written("beside")).toHaveLength(1));
    locks.crash(first.queue);
    expect(second.room.pendingCount).toBe(0);
    later(2_000);
    const line = StubSocket.made.filter(({ readyState }) => readyState === 0).at(-1)!;
    line.accept();
    line.feed(welcome());
    await eventually(() => expect(second.room.pendingCount).toBe(1));
    first.room.stop();
    second.room.stop();
  });

  it("of what waits for a picture, only what the server does not know", async () => {
    const { room: here, socket: line, queue } = page("known");
    line.accept();
    line.feed(welcome({ elements: [element("theirs", { type: "image", fileId: "f1", status: "pending" })] }));
    here.hold([element("theirs", { type: "image", fileId: "f1", status: "pending" }), element("mine", { type: "image", fileId: "f2" })]);
    here.storeUnconfirmed("leaving");
    await eventually(async () => expect(await written("known")).toEqual([`${queue}/held/mine`]));
    here.stop();
  });

  it("a change of ours that lost meanwhile is pushed again, and the winner stays on the canvas", async () => {
    const first = page("lost");
    first.room.offer([element("a", { version: 2 })]);
    first.room.stop();
    await eventually(async () => expect(await written("lost")).toHaveLength(1));
    const second = page("lost");
    second.socket.accept();
    second.socket.feed(welcome({ elements: [element("a", { version: 5 })] }));
    await vi.advanceTimersByTimeAsync(100);
    expect(second.room.inbox.take()).toEqual([element("a", { version: 5 })]);
    expect(second.room.pendingCount).toBe(0);
    second.room.stop();
  });

  it("pictures wait with their elements, which do not travel before", async () => {
    const picture = { id: "f1", mimeType: "image/png", dataURL: "data:image/png;base64,AAAA" };
    const first = page("pictures");
    first.socket.accept();
    first.socket.feed(welcome());
    first.room.storePicture(picture);
    first.room.hold([element("p", { type: "image", fileId: "f1" })]);
    later(5_000);
    expect(first.socket.messages("push")).toEqual([]);
    first.room.stop();
    await eventually(async () => expect(await written("pictures")).toHaveLength(2));

    const second = page("pictures");
    const pictures: unknown[] = [];
    second.room.picturesFound.on((found) => pictures.push(...found));
    await eventually(() => expect(pictures).toEqual([picture]));
    expect(second.room.inbox.take().map(({ id }) => id)).toEqual(["p"]);
    second.socket.accept();
    second.socket.feed(welcome());
    later();
    expect(second.socket.messages("push")).toEqual([]);
    second.room.dropPicture("f1");
    second.room.hold([]);
    second.room.offer([element("p", { type: "image", fileId: "f1", version: 2, status: "saved" })]);
    later();
    expect(second.socket.messages("push")).toHaveLength(1);
    second.room.stop();
  });

  it("a refusal of what was replayed is said, and the record goes", async () => {
    const first = page("refused");
    first.room.offer([element("a")]);
    first.room.stop();
    await eventually(async () => expect(await written("refused")).toHaveLength(1));
    const second = page("refused");
    const refused: Refusal[] = [];
    second.room.refused.on((refusal) => refused.push(refusal));
    await eventually(() => expect(second.room.pendingCount).toBe(1));
    second.socket.accept();
    second.socket.feed(welcome());
    second.socket.feed({ type: "ack", ref: `${second.queue}.1`, clock: 11, refused: [{ id: "a", code: "board_full", message: "Full." }] });
    expect(refused.map(({ code }) => code)).toEqual(["board_full"]);
    await vi.advanceTimersByTimeAsync(1_000);
    await eventually(async () => expect(await written("refused")).toEqual([]));
    second.room.stop();
  });

  it("says when the device keeps nothing, and goes on", async () => {
    vi.spyOn(LocalDatabase.prototype, "change").mockRejectedValue(new DOMException("no", "QuotaExceededError"));
    const { room: here, socket: line } = page("full");
    line.accept();
    line.feed(welcome());
    line.drop();
    here.offer([element("a")]);
    expect(here.storedHere).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    await eventually(() => expect(here.storedHere).toBe(false));
    expect(here.pendingCount).toBe(1);
    here.stop();
  });
});

describe("compressed frames", () => {
  it("are asked for, and keep their place among the others", async () => {
    vi.useRealTimers();
    expect(socket().messages("hello")[0]).toMatchObject({ deflate: true });
    socket().feedPacked(welcome({ clock: 20, elements: [element("a")] }), { type: "patch", clock: 21, elements: [element("a", { version: 2 })] });
    socket().feed({ type: "patch", clock: 22, elements: [element("b")] });
    await vi.waitFor(() => expect(room.clock).toBe(22));
    expect(room.inbox.take().map(({ id, version }) => [id, version])).toEqual([["a", 2], ["b", 1]]);
  });

  it("one that cannot be read is the last: the next hello does not ask for them", async () => {
    enter();
    socket().onmessage?.({ data: new Uint8Array([255, 1, 2, 3]).buffer } as MessageEvent);
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.waitFor(() => expect(StubSocket.made.length).toBeGreaterThan(1));
    socket().accept();
    expect(socket().messages("hello")[0]).not.toHaveProperty("deflate");
    expect(socket().messages("hello")[0]).toMatchObject({ clock: 10 });
  });

  it("an echo of ours does not come back to the canvas, and confirms nothing", () => {
    enter();
    room.offer([element("a")]);
    later();
    socket().feed({ type: "patch", clock: 11, elements: [element("a"), element("b")] });
    expect(room.inbox.take().map(({ id }) => id)).toEqual(["b"]);
    expect(room.pendingCount).toBe(1);
  });

  it("nor does a late one, or a scene that is here already", () => {
    enter({ elements: [element("b")] });
    room.inbox.take();
    room.offer([element("a")]);
    later();
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [] });
    socket().feed({ type: "patch", clock: 11, elements: [element("a")] });
    reconnect();
    enter({ clock: 11, elements: [element("a"), element("b")] });
    expect(room.inbox.size).toBe(0);
  });

  it("an old echo does not move what was moved here since", () => {
    enter();
    room.offer([element("a", { index: "a1" })]);
    later();
    room.offer([element("a", { version: 2, index: "a9" })]);
    later();
    socket().feed({ type: "patch", clock: 11, elements: [element("a", { index: "a1" })] });
    expect([room.inbox.takeMoves(), room.inbox.take()]).toEqual([[], []]);
  });
});

describe("a line that died without a word", () => {
  const reconnects = () => StubSocket.made.length - 1;

  it("is noticed within 20 s", () => {
    enter();
    later(20_000);
    expect(reconnects()).toBe(1);
    expect(room.status).toBe("offline");
  });

  it("is shown within 3 s while something is unconfirmed, else within 8 s, and no longer once the server answers", () => {
    enter();
    later(8_000);
    expect(room.unheard).toBe(true);
    socket().feed({ type: "pong" });
    expect(room.unheard).toBe(false);
    room.offer([element("a")]);
    later(3_000);
    expect([room.unheard, room.status, reconnects()]).toEqual([true, "open", 0]);
    socket().feed({ type: "ack", ref: "p1", clock: 11, refused: [] });
    expect(room.unheard).toBe(false);
  });

  it("is not suspected while anything is heard, a pong at the least", () => {
    enter();
    for (let second = 0; second < 120; second++) {
      later(1_000);
      const pings = socket().messages("ping").length;
      if (pings > second / 10) socket().feed({ type: "pong" });
    }
    expect(reconnects()).toBe(0);
    expect(socket().messages("ping").length).toBeGreaterThan(10);
  });

  it("is not suspected by a hidden page whose clock runs once a minute", () => {
    enter();
    for (let minute = 0; minute < 5; minute++) {
      vi.setSystemTime(Date.now() + 55_000);
      later(5_000);
      socket().feed({ type: "pong" });
    }
    expect(reconnects()).toBe(0);
  });

  it("is not suspected while a big push trickles out", () => {
    enter();
    socket().bufferedAmount = 400_000;
    for (let second = 0; second < 60; second++) {
      socket().bufferedAmount -= 5_000;
      later(1_000);
    }
    expect(reconnects()).toBe(0);
  });

  it("is noticed although somebody set the clock back", () => {
    enter();
    vi.setSystemTime(Date.now() - 3_600_000);
    later(25_000);
    expect(reconnects()).toBe(1);
  });

  it("is not suspected while only the acknowledgements are missing: what waits for them is sent again on it", () => {
    enter();
    room.offer([element("a")]);
    for (let second = 0; second < 60; second++) {
      later(1_000);
      if (socket().messages("ping").length) socket().feed({ type: "pong" });
    }
    expect(reconnects()).toBe(0);
    expect(room.status).toBe("open");
    expect(pushes().map(({ id }) => id)).toEqual(["p1", "p1"]);
  });

  it("is tried at once when the network is back, and given up soon", () => {
    enter();
    later(1_000);
    room.reconnectNow();
    expect(socket().messages("ping")).toHaveLength(1);
    later(4_100);
    expect(reconnects()).toBe(1);
  });

  it("without a welcome it is begun anew", () => {
    later(40_000);
    expect(reconnects()).toBeGreaterThan(0);
  });

  it("a short break does not make the others vanish, a long one does", () => {
    enter({ collaborators: { s2: { id: "u2", name: "Bob" } } });
    socket().drop();
    later(2_000);
    expect(room.others).toBe(1);
    socket().accept();
    enter({ session: "s9", collaborators: { s2: { id: "u2", name: "Bob" } } });
    later(10_000);
    expect(room.others).toBe(1);
    socket().drop();
    later(6_000);
    expect(room.others).toBe(0);
  });
});

describe("staying below what the server allows", () => {
  /** The server's own counting: rate a second, burst. */
  function serverSays(events: { at: number; amount: number }[], rate: number, burst: number): boolean {
    let [tokens, before] = [burst, events[0]?.at ?? 0];
    return events.every(({ at, amount }) => {
      tokens = Math.min(burst, tokens + ((at - before) / 1000) * rate) - amount;
      before = at;
      return tokens >= 0;
    });
  }

  it.each([[2_000, 300], [40, 600]])("%i elements dragged through %i frames are never too much", (count, frames) => {
    enter();
    later(1_000);
    const heard: { at: number; amount: number }[] = [];
    vi.spyOn(socket(), "send").mockImplementation((data) => {
      const text = data as string;
      const { type, id, elements } = JSON.parse(text) as Push & { type: string };
      if (type !== "push") return;
      heard.push({ at: performance.now(), amount: elements.length });
      setTimeout(() => socket().feed({ type: "ack", ref: id, clock: 11, refused: [] }), 5);
    });
    for (let version = 1; version <= frames; version++) {
      room.offer(Array.from({ length: count }, (_, at) => element(`e${at}`, { version })));
      later(33);
    }
    expect(heard.length).toBeGreaterThan(50);
    expect(serverSays(heard, 4_000, 25_000)).toBe(true);
    expect(serverSays(heard.map(({ at }) => ({ at, amount: 1 })), 90, 240)).toBe(true); // of 120, the rest is for pointers
  });

  it("a huge paste goes out in portions", () => {
    enter();
    room.offer(Array.from({ length: 30_000 }, (_, at) => element(`e${at}`)));
    later();
    const first = pushes().reduce((sum, { elements }) => sum + elements.length, 0);
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThan(25_000);
  });

  it("what gathered offline in hundreds of pushes goes out in portions, all of it", () => {
    enter({ limits: { max_elements_per_push: 1 } });
    room.offer(Array.from({ length: 400 }, (_, at) => element(`e${at}`)));
    const sent = new Set<string>();
    const heard: { at: number; amount: number }[] = [];
    for (let turn = 0; turn < 400 && sent.size < 400; turn++) {
      later();
      for (const { id } of pushes().filter((push) => !sent.has(push.id))) {
        sent.add(id);
        heard.push({ at: performance.now(), amount: 1 });
        socket().feed({ type: "ack", ref: id, clock: 11, refused: [] });
      }
    }
    expect(sent.size).toBe(400);
    expect(room.pendingCount).toBe(0);
    expect(serverSays(heard, 90, 240)).toBe(true);
  });
});
