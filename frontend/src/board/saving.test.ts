import { describe, expect, it } from "vitest";
import { saving, type Standing } from "./saving";

const open: Standing = { line: "open", pending: 0, replaying: 0, keptHere: true, failed: 0, mayEdit: true, frozen: false };

describe("the chip tells the truth", () => {
  it.each<[string, Partial<Standing>, string, string]>([
    ["all confirmed", {}, "saved", "Saved"],
    ["something unconfirmed", { pending: 1 }, "saving", "Saving…"],
    ["a picture could not be sent", { pending: 1, failed: 1 }, "unsaved", "A picture is not saved"],
    ["no line, nothing lost", { line: "offline" }, "offline", "Offline"],
    ["no line, one change", { line: "offline", pending: 1 }, "offline", "Offline – 1 change kept on this device"],
    ["no line, some changes", { line: "offline", pending: 3 }, "offline", "Offline – 3 changes kept on this device"],
    ["no line, and a browser that keeps nothing", { line: "offline", pending: 3, keptHere: false }, "offline", "Offline – 3 changes in this tab only: keep it open"],
    ["the line is back, what waited is on its way", { pending: 5, replaying: 3 }, "saving", "Sending 3 changes"],
    ["only looking", { mayEdit: false }, "view-only", "View only"],
    ["frozen", { mayEdit: false, frozen: true }, "view-only", "Frozen"],
    ["frozen with something unconfirmed", { mayEdit: false, frozen: true, pending: 2 }, "saving", "Saving…"],
    ["not there yet", { line: "connecting" }, "connecting", "Connecting…"],
    ["sent away", { line: "closed", pending: 2 }, "closed", "Disconnected – 2 changes kept on this device"],
  ])("%s", (_name, fields, state, text) => expect(saving({ ...open, ...fields })).toEqual({ state, text }));
});
