import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StubSocket } from "../test/StubSocket";
import { welcome } from "../test/wire";
import type { LiveRun } from "./messages";
import { RoomClient } from "./RoomClient";

let room: RoomClient;
const socket = () => StubSocket.latest;
const live: LiveRun = { run: 258, frame: "f", host: { id: "u2", session: "s2", name: "Bo", color: "blue" }, params: { kind: "pix2pix", prompt: "a cat" } };
const picture = (seq: number, run = 2, ...jpeg: number[]) => socket().feedBytes(7, 0, 1, run, 0, 0, 0, seq, 0, 0, 0, 77, ...jpeg);

beforeEach(() => {
  StubSocket.made.length = 0;
  room = new RoomClient({ url: "/ws", you: { id: "u1", name: "Ana", role: "edit" }, doors: StubSocket.doors });
  room.start();
  socket().accept();
});
afterEach(() => room.stop());

describe("live pictures", () => {
  it("L10: who comes later hears how it stands and gets the last picture", () => {
    socket().feed(welcome({ live }));
    picture(5, 2, 255, 216);
    expect(room.live.now).toEqual(live);
    expect(room.live.shown).toBe(5);
    expect(room.live.picture?.size).toBe(2);
    expect(room.live.look).toBe(77);
  });

  it("L4: late ones and those of another run are dropped", () => {
    socket().feed(welcome({ live }));
    picture(5, 2, 1);
    picture(4, 2, 1, 2);
    picture(9, 3, 1, 2, 3);
    expect([room.live.shown, room.live.picture?.size]).toEqual([5, 1]);
  });

  it("L11: an empty one takes the picture away", () => {
    socket().feed(welcome({ live }));
    picture(5, 2, 1);
    picture(6, 2);
    expect([room.live.shown, room.live.picture]).toEqual([6, null]);
  });

  it("L9: its end is told with the reason, a lost line is not", () => {
    const ends: unknown[] = [];
    room.live.ended.on((before, { reason }) => ends.push([before.host.name, reason]));
    socket().feed(welcome({ live }));
    socket().feed({ type: "live", live: null, reason: "host_left" });
    expect(ends).toEqual([["Bo", "host_left"]]);
    socket().feed({ type: "live", live });
    socket().feed(welcome());
    expect(room.live.now).toBeNull();
    expect(ends).toHaveLength(1);
  });

  it("text, packed and live frames keep their order", async () => {
    socket().feedPacked(welcome({ live }));
    picture(5, 2, 1);
    await expect.poll(() => room.live.shown).toBe(5);
  });

  it("frames and words go out as the server reads them", () => {
    socket().feed(welcome());
    room.live.start("f", { kind: "pix2pix", prompt: "a cat" });
    expect(socket().messages("live.start")).toEqual([{ type: "live.start", id: "live-f", frame: "f", params: { kind: "pix2pix", prompt: "a cat" } }]);
    room.live.offer(258, 3, 4, new Uint8Array([255, 216]).buffer);
    expect([...new Uint8Array(socket().sentBytes[0]!)]).toEqual([7, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 255, 216]);
  });
});
