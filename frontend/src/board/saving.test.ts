import { describe, expect, it } from "vitest";
import { saving, type SavingState } from "./saving";

const open: SavingState = { status: "open", pending: 0, replaying: 0, storedHere: true, failed: 0, mayEdit: true, frozen: false, unheard: false };

describe("the chip tells the truth", () => {
  it.each<[string, Partial<SavingState>, string, string]>([
    ["all confirmed", {}, "saved", "Saved"],
    ["something unconfirmed", { pending: 1 }, "saving", "Saving…"],
    ["a picture could not be sent", { pending: 1, failed: 1 }, "unsaved", "A picture is not saved"],
    ["no line, nothing lost", { status: "offline" }, "offline", "Offline"],
    ["no line, one change", { status: "offline", pending: 1 }, "offline", "Offline – 1 change kept on this device"],
    ["no line, some changes", { status: "offline", pending: 3 }, "offline", "Offline – 3 changes kept on this device"],
    ["the server does not answer", { unheard: true, pending: 2 }, "offline", "Offline – 2 changes kept on this device"],
    ["no line, and a browser that keeps nothing", { status: "offline", pending: 3, storedHere: false }, "offline", "Offline – 3 changes in this tab only: keep it open"],
    ["the line is back, what waited is on its way", { pending: 5, replaying: 3 }, "saving", "Sending 3 changes"],
    ["only looking", { mayEdit: false }, "view-only", "View only"],
    ["frozen", { mayEdit: false, frozen: true }, "view-only", "Frozen"],
    ["frozen with something unconfirmed", { mayEdit: false, frozen: true, pending: 2 }, "saving", "Saving…"],
    ["not there yet", { status: "connecting" }, "connecting", "Connecting…"],
    ["sent away", { status: "closed", pending: 2 }, "closed", "Disconnected – 2 changes kept on this device"],
  ])("%s", (_name, fields, state, text) => expect(saving({ ...open, ...fields })).toEqual({ state, text }));
});
