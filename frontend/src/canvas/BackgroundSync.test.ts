import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackgroundSync } from "./BackgroundSync";

type Update = { background?: string };

vi.mock("./excalidraw", () => ({
  backgroundOf: (canvas: { colour: string }) => canvas.colour,
  showBackground: (canvas: { colour: string }, colour: string) => void (canvas.colour = colour),
}));

describe("the colour behind the scene", () => {
  let send: (update: Update) => void;
  let answer: () => void;
  let refuse: (error: Error) => void;
  let saved: string[];
  let taken: string[];
  let held: boolean;
  const canvas = { colour: "white" };

  beforeEach(() => {
    vi.useFakeTimers();
    saved = [];
    taken = [];
    held = false;
    canvas.colour = "white";
  });
  afterEach(() => void vi.useRealTimers());

  function backdrop(): BackgroundSync {
    const room = {
      mayEdit: true,
      boardUpdated: { on: (listener: (update: Update) => void) => ((send = listener), () => undefined) },
    };
    const save = (colour: string) =>
      new Promise<void>((resolve, reject) => {
        saved.push(colour);
        [answer, refuse] = [resolve, reject];
      });
    const made = new BackgroundSync(canvas as never, room as never, save, () => undefined, (colour) => taken.push(colour) > 0 && held);
    send({ background: "white" });
    return made;
  }

  async function pick(colour: string, made: BackgroundSync): Promise<void> {
    canvas.colour = colour;
    made.changed();
    await vi.runAllTimersAsync();
  }

  it("is what was picked here, once that is saved", async () => {
    const made = backdrop();
    await pick("red", made);
    answer();
    await vi.runAllTimersAsync();
    expect([canvas.colour, saved]).toEqual(["red", ["red"]]);
    send({ background: "blue" });
    expect(canvas.colour).toBe("blue");
  });

  it("is what somebody else picked after it, though the answer to ours comes later", async () => {
    const made = backdrop();
    await pick("red", made);
    send({ background: "red" });
    send({ background: "blue" });
    answer();
    await vi.runAllTimersAsync();
    made.changed();
    await vi.runAllTimersAsync();
    expect([canvas.colour, saved]).toEqual(["blue", ["red"]]);
  });

  it("is ours again when the board says so after theirs", async () => {
    const made = backdrop();
    await pick("red", made);
    send({ background: "blue" });
    answer();
    await vi.runAllTimersAsync();
    send({ background: "red" });
    expect([canvas.colour, saved]).toEqual(["red", ["red"]]);
  });

  it("is sent once more when another was picked meanwhile", async () => {
    const made = backdrop();
    await pick("red", made);
    send({ background: "red" });
    canvas.colour = "green";
    answer();
    await vi.runAllTimersAsync();
    expect([canvas.colour, saved]).toEqual(["green", ["red", "green"]]);
  });

  it("is the board's again when ours is refused", async () => {
    const made = backdrop();
    await pick("red", made);
    refuse(new Error("frozen"));
    await vi.runAllTimersAsync();
    expect(canvas.colour).toBe("white");
  });

  it("waits for the elements that change with it, and is not sent back meanwhile", async () => {
    const made = backdrop();
    held = true;
    send({ background: "black" });
    made.changed();
    await vi.runAllTimersAsync();
    expect([canvas.colour, saved, taken]).toEqual(["white", [], ["white", "black"]]);
    await pick("black", made); // shown with the elements
    expect(saved).toEqual([]);
    await pick("white", made); // undone here
    expect(saved).toEqual(["white"]);
  });
});
