import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LiveFeed } from "../room/LiveFeed";
import type { LiveRun, LiveUpdate } from "../room/messages";
import { resumeAfterBreaks } from "./resume";

let sent: object[];
let room: { live: LiveFeed; session: string; mayEdit: boolean };
let stop: () => void;
const live = (run: number, session: string): LiveRun => ({ run, frame: "f", host: { id: "u", session, name: "Ana", color: "red" }, params: { kind: "pix2pix", prompt: "a cat", seed: 7, style: "" } });
const receive = (now: LiveRun | null, reason?: string) => room.live.receive({ type: "live", live: now, ...(reason && { reason }) } as LiveUpdate);
const begun = { type: "live.start", id: "live-f", frame: "f", params: { kind: "pix2pix", prompt: "a cat", seed: 7 } };

beforeEach(() => {
  sent = [];
  room = { live: new LiveFeed((data) => Boolean(sent.push(JSON.parse(data as string) as object))), session: "s1", mayEdit: true };
  stop = resumeAfterBreaks(room);
  receive(live(1, "s1"));
});
afterEach(() => stop());

describe("L13: what the host's page drew live goes on when its line is back", () => {
  it("with the same frame, words and seed, once", () => {
    room.session = "s2";
    receive(null);
    expect(sent).toEqual([begun]);
    receive(null);
    expect(sent).toHaveLength(1);
  });

  it("also when the server notices the break only later", () => {
    room.session = "s2";
    receive(live(1, "s1"));
    expect(sent).toEqual([]);
    receive(null, "host_left");
    expect(sent).toEqual([begun]);
  });

  it.each(["stopped", "no_worker", "failed", "refused"])("not when it was ended: %s", (reason) => {
    receive(null, reason);
    room.session = "s2";
    receive(null);
    expect(sent).toEqual([]);
  });

  it("not when somebody else is live by then", () => {
    room.session = "s2";
    receive(live(2, "s9"));
    receive(null, "host_left");
    expect(sent).toEqual([]);
  });

  it("not when I may only look by then", () => {
    room.mayEdit = false;
    receive(null);
    expect(sent).toEqual([]);
  });
});
