import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StubSocket } from "../test/StubSocket";
import { closing, type Closing } from "./closing";
import { Connection } from "./connection";

describe("close codes", () => {
  it.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4408, 4503])("%i means come back", (code) => expect(closing(code).comeBack).toBe(true));
  it.each([4400, 4401, 4403, 4404, 4406, 4429, 4499])("%i means stay away, and says why", (code) => {
    expect(closing(code).comeBack).toBe(false);
    expect(closing(code).message).not.toBe("");
  });
});

describe("coming back", () => {
  let closed: Closing[];
  let connection: Connection;
  const doors = { ...StubSocket.doors, random: () => 1 };

  beforeEach(() => {
    vi.useFakeTimers();
    StubSocket.made.length = 0;
    closed = [];
    connection = new Connection("/ws", "board.v1", { opened: () => undefined, received: () => undefined, pictured: () => undefined, closed: (why) => closed.push(why) }, doors);
    connection.connect();
  });
  afterEach(() => {
    connection.stop();
    vi.useRealTimers();
  });

  const waitUntilNext = () => {
    const before = StubSocket.made.length;
    let waited = 0;
    while (StubSocket.made.length === before && waited < 60_000) {
      vi.advanceTimersByTime(50);
      waited += 50;
    }
    return waited;
  };

  it("waits longer each time, never longer than a quarter of a minute", () => {
    const waits = Array.from({ length: 9 }, () => {
      StubSocket.latest.drop();
      return waitUntilNext();
    });
    expect(waits.slice(0, 5)).toEqual([...waits.slice(0, 5)].sort((a, b) => a - b));
    expect(waits[0]).toBeLessThanOrEqual(600);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_200);
  });

  it("spreads the return after a restart", () => {
    StubSocket.latest.accept();
    StubSocket.latest.drop(1012);
    expect(waitUntilNext()).toBeGreaterThan(4000);
  });

  it("is quick again after a connection that lasted", () => {
    for (let i = 0; i < 6; i++) {
      StubSocket.latest.drop();
      waitUntilNext();
    }
    StubSocket.latest.accept();
    vi.advanceTimersByTime(20_000);
    StubSocket.latest.drop();
    expect(waitUntilNext()).toBeLessThanOrEqual(600);
  });

  it("hurries when asked to, but not after a goodbye", () => {
    StubSocket.latest.drop();
    connection.hurry();
    expect(StubSocket.made).toHaveLength(2);
    StubSocket.latest.drop(4403);
    connection.hurry();
    vi.advanceTimersByTime(60_000);
    expect(StubSocket.made).toHaveLength(2);
    expect(closed.at(-1)!.comeBack).toBe(false);
  });

  it("gives up an attempt that hangs, and tries again", () => {
    vi.advanceTimersByTime(10_000);
    expect(closed.map(({ comeBack }) => comeBack)).toEqual([true]);
    expect(waitUntilNext()).toBeLessThanOrEqual(600);
    StubSocket.latest.accept();
    vi.advanceTimersByTime(60_000);
    expect(StubSocket.made).toHaveLength(2);
  });

  it("when hurried leaves a fresh attempt alone, but not one that hangs", () => {
    connection.hurry();
    expect(StubSocket.made).toHaveLength(1);
    vi.advanceTimersByTime(4_000);
    connection.hurry();
    expect(StubSocket.made).toHaveLength(2);
  });

  it("an old socket has no say after a new one was started", () => {
    const old = StubSocket.latest;
    old.accept();
    connection.renew();
    old.onclose?.({ code: 4403 } as CloseEvent);
    expect(closed).toHaveLength(0);
  });
});
