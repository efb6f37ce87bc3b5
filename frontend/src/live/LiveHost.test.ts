import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFeed } from "../room/LiveFeed";
import type { LiveRun } from "../room/messages";
import { LiveHost } from "./LiveHost";
import type { LivePort } from "./LivePort";

const live: LiveRun = { run: 9, frame: "f", host: { id: "u", session: "s", name: "Ana", color: "red" }, params: { kind: "pix2pix", prompt: "a cat" } };

/** A board of which the test says how it looks. */
class Board implements LivePort {
  looks: number | null = 1;
  exports = 0;
  move = () => {};
  mayEdit = true;
  place = () => null;
  region = () => null;
  isTouched = () => false;
  snapshot = () => Promise.reject(new Error("not asked for"));
  look = () => this.looks;
  jpeg = () => {
    this.exports += 1;
    return Promise.resolve(new Blob([String(this.looks)]));
  };
  onMove(listener: () => void) {
    this.move = listener;
    return () => void (this.move = () => {});
  }
}

let feed: LiveFeed;
let board: Board;
let host: LiveHost;
let sent: (string | ArrayBuffer)[];
const frames = () => sent.filter((data) => typeof data !== "string").map((data) => new DataView(data as ArrayBuffer).getUint32(4));
const drawn = () => new TextDecoder().decode(new Uint8Array(sent.at(-1) as ArrayBuffer).slice(12));
const answer = (seq: number) => feed.show(new Uint8Array([7, 0, 0, 9, 0, 0, 0, seq, 0, 0, 0, 1, 255]).buffer);

async function draw(look: number | null) {
  board.looks = look;
  board.move();
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(async () => {
  vi.useFakeTimers();
  sent = [];
  feed = new LiveFeed((data) => Boolean(sent.push(data)));
  feed.receive({ type: "live", live });
  board = new Board();
  host = new LiveHost(feed, board, 9, "f");
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  host.stop();
  vi.useRealTimers();
});

describe("L4: a host sends the newest, one at a time", () => {
  it("begins with the frame as it is", () => expect(frames()).toEqual([1]));

  it("sends nothing while nothing changes", async () => {
    answer(1);
    await draw(1);
    expect(frames()).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for the picture, then sends the last of what was drawn meanwhile", async () => {
    await draw(2);
    await draw(3);
    expect(frames()).toEqual([1]);
    answer(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(frames()).toEqual([1, 2]);
    expect(drawn()).toBe("3");
  });

  it("sends again when frame or picture was lost, so that the last stroke is always drawn", async () => {
    await draw(2);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(frames()).toEqual([1, 2]);
    expect(drawn()).toBe("2");
    answer(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(frames()).toEqual([1, 2]);
  });

  it("sends again when the words are others", async () => {
    answer(1);
    host.sendAgain();
    await vi.advanceTimersByTimeAsync(0);
    expect(frames()).toEqual([1, 2]);
  });

  it("stops when the frame is gone, and sends nothing after its end", async () => {
    answer(1);
    await draw(null);
    expect(JSON.parse(sent.at(-1) as string)).toEqual({ type: "live.stop", frame: "f" });
    host.stop();
    await draw(8);
    expect(frames()).toEqual([1]);
  });
});
