// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type JobRequest } from "../api/client";
import type { Job } from "../api/types";
import { checkpoint } from "../test/checkpoint";
import type { BoardPort } from "./boardPort";
import { JobStore } from "./jobStore";
import { PromptPanel } from "./PromptPanel";
import type { Target } from "./target";

/** The board at its door: a target that a test changes, and what was written on it. */
class Board implements BoardPort {
  mayEdit = true;
  aim: Target | null = null;
  remembered: object[] = [];
  private listeners = new Set<() => void>();
  target = () => this.aim;
  seen = () => 1;
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  set(aim: Target | null) {
    act(() => {
      this.aim = aim;
      this.listeners.forEach((listener) => listener());
    });
  }
  snapshot = async () => new Blob(["png"], { type: "image/png" });
  middleOfView = () => ({ x: 0, y: 0, width: 512, height: 512 });
  remember = (target: Target, note: object) => {
    this.remembered.push({ id: target.id, ...note });
    if (this.aim?.id === target.id) this.set({ ...this.aim, ...note });
  };
  drawRegion = vi.fn();
  show = vi.fn();
  place = () => null;
  onMove = () => () => undefined;
}

const frame = (id: string, prompt = "", fields: Partial<Target> = {}): Target => ({
  shape: "frame", id, title: "Frame", region: { x: 0, y: 0, width: 100, height: 100 }, prompt, ...fields,
});

let board: Board;
let asked: { request: JobRequest; key: string }[];
let answer: () => Promise<Job>;

const prompt = () => screen.getByTestId<HTMLTextAreaElement>("prompt");
const type = (text: string) => fireEvent.change(prompt(), { target: { value: text } });
const button = () => screen.getByTestId<HTMLButtonElement>("generate");
const settle = () => act(async () => void (await vi.advanceTimersByTimeAsync(10)));

async function open(aim: Target | null, checkpoints = [checkpoint]) {
  board.aim = aim;
  const api = {
    checkpoints: async () => checkpoints,
    generate: (_board: string, request: JobRequest, key: string) => {
      asked.push({ request, key });
      return answer();
    },
  };
  render(<PromptPanel api={api} boardId="b1" board={board} store={new JobStore()} promptMax={1000} open={false} mayCancel={() => true} onCancel={() => undefined} onAway={() => undefined} />);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  board = new Board();
  asked = [];
  answer = async () => ({ id: "j1", status: "queued", kind: "img2img", params: { kind: "img2img", prompt: "", seed: 99 }, images: [], created_at: "" }) as unknown as Job;
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("the prompt belongs to the frame", () => {
  it("shows it, and follows what others write while nobody types here", async () => {
    await open(frame("f", "a boat"));
    expect(prompt().value).toBe("a boat");
    board.set(frame("f", "a red boat"));
    expect(prompt().value).toBe("a red boat");
  });

  it("never replaces what I am typing; theirs is offered", async () => {
    await open(frame("f", "a boat"));
    fireEvent.focus(prompt());
    type("a house");
    board.set(frame("f", "their words"));
    expect(prompt().value).toBe("a house");
    fireEvent.click(screen.getByText("Use theirs"));
    expect(prompt().value).toBe("their words");
    expect(screen.queryByText("Use theirs")).toBeNull();
  });

  it("is written after a pause, and at once on leaving the field", async () => {
    await open(frame("f"));
    fireEvent.focus(prompt());
    type("a");
    type("a cat");
    expect(board.remembered).toEqual([]);
    act(() => void vi.advanceTimersByTime(1000));
    expect(board.remembered).toEqual([{ id: "f", prompt: "a cat", kind: "img2img", strength: 0.5 }]);
    type("a cat in a hat");
    fireEvent.blur(prompt());
    expect(board.remembered.at(-1)).toMatchObject({ prompt: "a cat in a hat" });
  });

  it("goes to the frame it was typed for, also when another is aimed at before the pause is over", async () => {
    await open(frame("f"));
    type("for f");
    board.set(frame("g", "for g"));
    expect(prompt().value).toBe("for g");
    act(() => void vi.advanceTimersByTime(1000));
    expect(board.remembered).toEqual([{ id: "f", prompt: "for f", kind: "img2img", strength: 0.5 }]);
  });
});

describe("generating", () => {
  it("sends frame, region, snapshot, params and a key of its own each time", async () => {
    await open(frame("f", "a boat", { strength: 1 }));
    fireEvent.click(button());
    await settle();
    fireEvent.click(button());
    await settle();
    expect(asked).toHaveLength(2);
    const { request } = asked[0]!;
    expect(request).toMatchObject({ frame: "f", placement: "beside", params: { kind: "img2img", prompt: "a boat", strength: 0.97, seed: null } });
    expect(request.snapshot!.type).toBe("image/png");
    expect(asked[0]!.key).not.toBe(asked[1]!.key);
  });

  it("by Ctrl+Enter and by Cmd+Enter, not by Enter", async () => {
    await open(frame("f", "a boat"));
    fireEvent.keyDown(prompt(), { key: "Enter" });
    fireEvent.keyDown(prompt(), { key: "Enter", ctrlKey: true });
    await settle();
    fireEvent.keyDown(prompt(), { key: "Enter", metaKey: true });
    await settle();
    expect(asked).toHaveLength(2);
  });

  it("says what is missing instead of a dead button", async () => {
    await open(null);
    expect(button().disabled).toBe(true);
    expect(screen.getByText("Draw a region around a sketch first.")).toBeTruthy();
    fireEvent.click(screen.getByText("Draw a region"));
    expect(board.drawRegion).toHaveBeenCalled();
    board.set(frame("f"));
    expect(screen.getByText("Say what it should become.")).toBeTruthy();
  });

  it("words alone need no region", async () => {
    await open(null);
    fireEvent.click(screen.getByText("Words only"));
    type("a boat");
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request).toMatchObject({ params: { kind: "txt2img" }, region: { width: 512 } });
    expect(asked[0]!.request.snapshot).toBeUndefined();
  });

  it("shows a refusal at the field it is about, and the rest beside the button", async () => {
    await open(frame("f", "a boat"));
    answer = () => Promise.reject(new ApiError(422, "params_invalid", "Invalid", [
      { field: "params.steps", message: "400 is not within 1–50" },
      { field: "checkpoint", message: "unknown" },
    ]));
    fireEvent.click(button());
    await settle();
    expect(screen.getByText("400 is not within 1–50")).toBeTruthy();
    expect(screen.getByText("checkpoint: unknown")).toBeTruthy();
    expect(button().disabled).toBe(false);
  });

  it("somebody who may only look can neither write nor generate", async () => {
    board.mayEdit = false;
    await open(frame("f", "a boat"));
    expect(prompt().disabled).toBe(true);
    expect(button().disabled).toBe(true);
  });
});

describe("settings", () => {
  it("a frame brings its own kind and strength; others' later changes do not move my slider", async () => {
    await open(frame("f", "x", { kind: "pix2pix", strength: 0 }));
    expect(screen.getByTestId("strength-word").textContent).toBe("Follow my sketch closely");
    expect(screen.getByText("Edit by instruction").getAttribute("aria-checked")).toBe("true");
    board.set(frame("f", "x", { kind: "img2img", strength: 1 }));
    expect(screen.getByTestId("strength-word").textContent).toBe("Follow my sketch closely");
  });

  it("hides what the kind ignores", async () => {
    await open(frame("f", "x"));
    expect(screen.queryByLabelText("Leave out")).toBeNull();
    fireEvent.click(screen.getByText("Edit by instruction"));
    expect(screen.getByLabelText("Leave out")).toBeTruthy();
    fireEvent.click(screen.getByText("Words only"));
    expect(screen.queryByTestId("strength-word")).toBeNull();
  });

  it("offers only the kinds there are", async () => {
    await open(frame("f", "x"), [{ ...checkpoint, kinds: { txt2img: checkpoint.kinds.txt2img! }, default_kind: "txt2img" }]);
    expect(screen.queryByText("Sketch to picture")).toBeNull();
  });

  it("a double click on a label goes back to the usual", async () => {
    await open(frame("f", "x", { strength: 1 }));
    fireEvent.doubleClick(screen.getByText("How freely"));
    expect(screen.getByTestId("strength-word").textContent).toBe("Balanced");
    const steps = screen.getByLabelText<HTMLInputElement>("Steps");
    fireEvent.change(steps, { target: { value: "30" } });
    expect(steps.value).toBe("30");
    fireEvent.doubleClick(screen.getByText("Steps"));
    expect(steps.value).toBe("");
  });

  it("keeping the seed keeps that of the last picture", async () => {
    await open(frame("f", "a boat"));
    fireEvent.click(button());
    await settle();
    fireEvent.click(screen.getByLabelText("Keep the seed"));
    fireEvent.click(button());
    await settle();
    expect(asked[1]!.request.params.seed).toBe(99);
  });
});
