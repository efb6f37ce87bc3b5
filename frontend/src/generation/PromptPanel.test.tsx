// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type JobRequest } from "../api/client";
import type { Job } from "../api/types";
import { checkpoint } from "../test/checkpoint";
import type { BoardPort } from "./BoardPort";
import { recall } from "./form";
import { JobStore } from "./jobStore";
import { PromptPanel } from "./PromptPanel";
import type { MaskState } from "./mask";
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
  mask = async () => new Blob(["mask"], { type: "image/png" });
  saved = vi.fn(async () => undefined);
  middleOfView = () => ({ x: 0, y: 0, width: 512, height: 512 });
  view = () => ({ x: 0, y: 0, width: 800, height: 600 });
  showElement = () => true;
  placeOf = () => null;
  screen = () => ({ width: 800, height: 600 });
  remember = (target: Target, note: object) => {
    this.remembered.push({ id: target.id, ...note });
    if (this.aim?.id === target.id) this.set({ ...this.aim, ...note });
  };
  drawRegion = vi.fn();
  frameSelection = vi.fn();
  takePen = vi.fn();
  marks: MaskState = "marked";
  masked = () => this.marks;
  held: (string | null)[] = [];
  hold = (id: string | null) => void this.held.push(id);
  frames: Record<string, Target> = {};
  aimAt = (id: string) => {
    if (this.frames[id]) this.set(this.frames[id]);
    return id in this.frames;
  };
  show = vi.fn();
  place = () => null;
  onMove = () => () => undefined;
}

const frame = (id: string, prompt = "", fields: Partial<Target> = {}): Target => ({
  shape: "frame", id, title: "Frame", region: { x: 0, y: 0, width: 100, height: 100 }, prompt, ...fields,
});

let board: Board;
let asked: { request: JobRequest; key: string }[];
let finished: string[];
let store: JobStore;
let answer: () => Promise<Job>;
let jobs: Record<string, Job>;

const prompt = () => screen.getByTestId<HTMLTextAreaElement>("prompt");
const type = (text: string) => fireEvent.change(prompt(), { target: { value: text } });
const button = () => screen.getByTestId<HTMLButtonElement>("generate");
const settle = () => act(async () => void (await vi.advanceTimersByTimeAsync(10)));

async function open(aim: Target | null, checkpoints = [checkpoint]) {
  board.aim = aim;
  const api = {
    checkpoints: async () => [...checkpoints],
    generate: (_board: string, request: JobRequest, key: string) => {
      asked.push({ request, key });
      return answer();
    },
    hear: async (_name: string, { prompt }: { prompt: string }) => {
      const at = prompt.indexOf("|");
      return { prompt: { heard: at < 0 ? prompt : prompt.slice(0, at).trim(), not_heard: at < 0 ? "" : prompt.slice(at + 1).trim() }, negative_prompt: { heard: "", not_heard: "" } };
    },
    job: (id: string) => (jobs[id] ? Promise.resolve(jobs[id]) : Promise.reject(new ApiError(404, "not_found", "No such job."))),
    finish: (job: string, image: string) => {
      finished.push(`${job} ${image}`);
      return answer();
    },
  };
  render(<PromptPanel api={api} boardId="b1" board={board} store={store} promptMax={1000} open={false} online queue={{ you: "u1", mayCancel: () => true, onCancel: () => undefined, onCancelMine: () => undefined }} onAway={() => undefined} />);
  await settle();
}

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
  board = new Board();
  store = new JobStore();
  asked = [];
  finished = [];
  jobs = {};
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

  it("stays and is what is sent, before the board has told what was written on it", async () => {
    await open(frame("f", "a boat"));
    board.remember = () => undefined;
    fireEvent.focus(prompt());
    type("a house");
    fireEvent.blur(prompt());
    fireEvent.click(screen.getByText("Advanced")); // whatever draws the panel anew
    fireEvent.change(screen.getByLabelText("Steps"), { target: { value: "12" } });
    expect(prompt().value).toBe("a house");
    fireEvent.click(button());
    await settle();
    expect(asked.at(-1)!.request.params.prompt).toBe("a house");
    board.set(frame("f", "a house"));
    board.set(frame("f", "their words"));
    expect(prompt().value).toBe("their words");
    board.set(frame("f", "a house"));
    expect(prompt().value).toBe("a house");
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

  it("keeps the focus on the button, which sends once however often it is pressed meanwhile", async () => {
    await open(frame("f", "a boat"));
    let arrive = () => undefined as void;
    const job = answer();
    answer = () => new Promise((resolve) => (arrive = () => resolve(job)));
    button().focus();
    fireEvent.click(button());
    await settle();
    expect(button().textContent).toContain("Sending…");
    fireEvent.click(button());
    expect(document.activeElement).toBe(button());
    arrive();
    await settle();
    expect(asked).toHaveLength(1);
    expect(document.activeElement).toBe(button());
    expect(button().textContent).toContain("Generate");
  });

  it("as many pictures as chosen beside the button, and this person's browser remembers it", async () => {
    await open(frame("f", "a boat"));
    fireEvent.click(within(screen.getByRole("radiogroup", { name: "Number of pictures" })).getByText("3"));
    expect(button().textContent).toContain("Generate 3");
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request).toMatchObject({ params: { count: 3 }, placement: "stage" });
    cleanup();
    await open(frame("f", "a boat"));
    expect(button().textContent).toContain("Generate 3");
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
    fireEvent.click(screen.getByText("Draw a region"), { detail: 1 });
    expect(board.drawRegion).toHaveBeenCalledOnce();
    expect(board.frameSelection).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText("Draw a region"), { detail: 0 }); // as Enter does
    expect(board.drawRegion).toHaveBeenCalledOnce();
    expect(board.frameSelection).toHaveBeenCalledOnce();
    expect(document.activeElement).toBe(prompt());
    board.set(frame("f"));
    expect(screen.getByText("Describe what it should become.")).toBeTruthy();
  });

  it("who waits is told when nothing is left that could draw", async () => {
    const found = [{ ...checkpoint }];
    await open(frame("f", "a boat"), found);
    const change = (status: "ready" | "failed") => act(async () => {
      found[0] = { ...checkpoint, status, reason: status === "ready" ? null : "No worker is running." };
      await vi.advanceTimersByTimeAsync(10_000);
    });
    await change("failed");
    expect(screen.queryByText("Nothing can draw at the moment. Your picture will wait."), "nobody waits").toBeNull();
    act(() => store.apply([{ id: "j1", status: "queued", kind: "img2img", params: { kind: "img2img", prompt: "" }, images: [], created_by: { id: "u1", name: "Ana" }, created_at: "" } as unknown as Job]));
    await change("failed");
    expect(screen.getByText("Nothing can draw at the moment. Your picture will wait.")).toBeTruthy();
    await change("ready");
    expect(screen.queryByText("Nothing can draw at the moment. Your picture will wait.")).toBeNull();
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
    expect(screen.queryByText("Advanced")).toBeNull(); // nor turns knobs that do nothing
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

describe("kinds that other models make", () => {
  const kind = { title: "Repaint a part", hint: "", sees: "pictures_and_mask" as const, instructs: false, needs_prompt: true, draft_steps: null, keeps_lines: null, tidies_colours: null, uses: ["prompt", "steps", "seed", "count"], defaults: { steps: 20 }, limits: {} };
  const painter = { ...checkpoint, name: "painter", default: false, default_kind: "inpaint" as const, kinds: { inpaint: { ...kind, uses: [...kind.uses, "strength"], defaults: { steps: 20, strength: 1 } } } };
  const enlarger = { ...checkpoint, name: "enlarger", default: false, default_kind: "upscale" as const, kinds: { upscale: { ...kind, title: "Make larger", sees: "file" as const, needs_prompt: false } } };

  it("are offered too, and bring their model along", async () => {
    await open(frame("f", "a boat"), [checkpoint, painter]);
    fireEvent.click(screen.getByText("Repaint a part"));
    fireEvent.click(button());
    await settle();
    const { request } = asked[0]!;
    expect(request.params).toMatchObject({ kind: "inpaint", checkpoint: "painter" });
    expect(await request.mask!.text()).toBe("mask");
    expect(request.snapshot).toBeTruthy();
    fireEvent.click(screen.getByText("Words only"));
    fireEvent.click(button());
    await settle();
    expect(asked[1]!.request.params).toMatchObject({ kind: "txt2img", checkpoint: "bundled" });
    expect(asked[1]!.request.mask).toBeUndefined();
  });

  it("repaint a picture in its place, once the server has what was drawn over it", async () => {
    let stored = (): void => undefined;
    await open(frame("p", "", { shape: "picture" }), [checkpoint, painter]);
    board.saved.mockReturnValueOnce(new Promise((resolve) => (stored = () => resolve(undefined))));
    fireEvent.click(screen.getByText("Repaint a part"));
    type("a door");
    fireEvent.click(button());
    await settle();
    expect(asked).toEqual([]);
    stored();
    await settle();
    expect(asked[0]!.request).toMatchObject({ frame: "p", placement: "in_place", params: { kind: "inpaint" } });
    expect(asked[0]!.request).not.toHaveProperty("snapshot");
    expect(asked[0]!.request).not.toHaveProperty("mask");
  });

  it("are not offered by a model that is not there", async () => {
    await open(frame("f", "x"), [checkpoint, { ...painter, status: "failed" }]);
    expect(screen.queryByText("Repaint a part")).toBeNull();
  });

  it("a picture is made larger without words and in its own size", async () => {
    await open(frame("f", ""), [checkpoint, enlarger]);
    fireEvent.click(screen.getByText("Make larger"));
    expect(screen.getByText("Select a picture first.")).toBeTruthy();
    board.set({ shape: "picture", id: "p", title: "Selected picture", region: { x: 0, y: 0, width: 10, height: 10 }, prompt: "" });
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request).toMatchObject({ frame: "p", params: { kind: "upscale", checkpoint: "enlarger", prompt: "" } });
    expect(asked[0]!.request.snapshot).toBeUndefined();
  });
});

describe("a kind that this page has never heard of", () => {
  const colourise = { title: "Colourise", hint: "Fills your lines with colour.", sees: "sketch" as const, instructs: false, needs_prompt: false, draft_steps: null, keeps_lines: null, tidies_colours: null, uses: ["steps", "seed", "count"], defaults: { steps: 8 }, limits: {} };

  it("is shown with the server's words and sent as it is", async () => {
    await open(frame("f"), [{ ...checkpoint, kinds: { ...checkpoint.kinds, colourise } }]);
    const choice = screen.getByText("Colourise");
    expect(choice.title).toBe("Fills your lines with colour.");
    fireEvent.click(choice);
    expect(choice.getAttribute("aria-checked")).toBe("true");
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request).toMatchObject({ frame: "f", params: { kind: "colourise", checkpoint: "bundled", prompt: "", steps: 8 } });
    expect(asked[0]!.request.snapshot).toBeTruthy();
    expect(asked[0]!.request.mask).toBeUndefined();
  });

  it("is what a frame remembers", async () => {
    await open(frame("f", "", { kind: "colourise" }), [{ ...checkpoint, kinds: { ...checkpoint.kinds, colourise } }]);
    expect(screen.getByText("Colourise").getAttribute("aria-checked")).toBe("true");
    expect(button().disabled).toBe(false);
  });
});

describe("styles and drafts", () => {
  const styled = {
    ...checkpoint,
    styles: [{ name: "ink", title: "Ink", thumbnail: null, colours: ["#000", "#fff"] as [string, string] }],
    kinds: { img2img: { ...checkpoint.kinds.img2img!, uses: [...checkpoint.kinds.img2img!.uses, "style", "draft"], draft_steps: 4 } },
  };

  it("a style is one of several tiles, the first of which is none", async () => {
    await open(frame("f", "a boat"), [styled]);
    const tile = (name: string) => screen.getByText(name).closest("button")!;
    await vi.waitFor(() => tile("Ink"));
    expect(tile("No style").getAttribute("aria-checked")).toBe("true");
    fireEvent.click(tile("Ink"));
    fireEvent.click(button());
    await settle();
    tile("Ink").focus();
    fireEvent.keyDown(tile("Ink"), { key: "ArrowLeft" });
    expect(document.activeElement).toBe(tile("No style"));
    fireEvent.click(button());
    await settle();
    expect(asked.map(({ request }) => request.params.style)).toEqual(["ink", undefined]);
  });

  it("a style shows what the model drew in it, and no picture where it drew none", async () => {
    const [ink] = styled.styles;
    await open(frame("f", "a boat"), [{ ...styled, styles: [ink!, { ...ink!, name: "flat", title: "Flat", thumbnail: "/static/flat.webp" }] }]);
    await vi.waitFor(() => screen.getByText("Flat"));
    expect(screen.getByText("Flat").closest("button")!.querySelector("img")!.getAttribute("src")).toBe("/static/flat.webp");
    expect(screen.getByText("Ink").closest("button")!.querySelector("img")).toBeNull();
  });

  it("a size is a shape and a length; as the sketch is where it begins", async () => {
    const uses = [...checkpoint.kinds.img2img!.uses, "width_px", "height_px"];
    await open(frame("f", "a boat"), [{ ...checkpoint, kinds: { img2img: { ...checkpoint.kinds.img2img!, uses } } }]);
    await vi.waitFor(() => screen.getByText("Sketch"));
    const send = async () => { fireEvent.click(button()); await settle(); };
    await send();
    fireEvent.click(screen.getByText("1024"));
    await send();
    fireEvent.click(screen.getByText("4:3"));
    await send();
    fireEvent.click(screen.getByText("Sketch"));
    fireEvent.click(screen.getByText("512"));
    await send();
    expect(asked.map(({ request: { params: { width_px, height_px } } }) => [width_px, height_px])).toEqual([[undefined, undefined], [1024, undefined], [1024, 768], [undefined, undefined]]);
    expect(screen.getByText("This model draws 128 px and enlarges.")).toBeTruthy();
  });

  it("a draft leaves its steps to the server", async () => {
    await open(frame("f", "a boat"), [styled]);
    fireEvent.click(screen.getByLabelText("Draft first"));
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request.params).toMatchObject({ draft: true });
    expect(asked[0]!.request.params.steps).toBeUndefined();
  });

  it("lines are kept unless one does not want them, and only where that can be chosen", async () => {
    const keeping = { ...checkpoint, kinds: { img2img: { ...checkpoint.kinds.img2img!, keeps_lines: true } } };
    await open(frame("f", "a boat"), [keeping]);
    fireEvent.click(button());
    await settle();
    fireEvent.click(screen.getByLabelText("Keep my lines"));
    fireEvent.click(button());
    await settle();
    expect(asked.map(({ request }) => request.params.keep_lines)).toEqual([true, false]);
  });

  it("colours are tidied unless one does not want it, and only where that can be chosen", async () => {
    const tidying = { ...checkpoint, kinds: { img2img: { ...checkpoint.kinds.img2img!, tidies_colours: true } } };
    await open(frame("f", "a boat"), [tidying]);
    fireEvent.click(button());
    await settle();
    fireEvent.click(screen.getByLabelText("Tidy colours"));
    fireEvent.click(button());
    await settle();
    expect(asked.map(({ request }) => request.params.tidy_colours)).toEqual([true, false]);
    expect("keep_lines" in asked[0]!.request.params).toBe(false);
  });

  it("a checkpoint that keeps no lines is not asked to", async () => {
    await open(frame("f", "a boat"), [styled]);
    fireEvent.click(button());
    await settle();
    expect(screen.queryByLabelText("Keep my lines")).toBeNull();
    expect("keep_lines" in asked[0]!.request.params).toBe(false);
  });

  it("a picture of a draft can be made final", async () => {
    const region = { x: 0, y: 0, width: 10, height: 10 };
    await open({ shape: "picture", id: "p", title: "Selected picture", region, prompt: "", draft: { job: "j", image: "i" } }, [styled]);
    fireEvent.click(screen.getByText("Make this draft final"));
    await settle();
    expect(finished).toEqual(["j i"]);
  });
});

describe("what an earlier picture was made with", () => {
  it("fills the panel, and one press brings back what was typed", async () => {
    await open(frame("f", "my words"));
    act(() => recall({ kind: "txt2img", prompt: "a red house", seed: 7, count: 2 }));
    expect(prompt().value).toBe("a red house");
    expect(screen.getByText("Words only").getAttribute("aria-checked")).toBe("true");
    fireEvent.click(screen.getByText("Undo"));
    expect(prompt().value).toBe("my words");
    expect(screen.getByText("Sketch to picture").getAttribute("aria-checked")).toBe("true");
    expect(screen.queryByText("Undo")).toBeNull();
  });

  it("brings only what was asked for", async () => {
    await open(frame("f", "my words"));
    act(() => recall({ kind: "txt2img", prompt: "a red house", seed: 7 }, "seed"));
    expect(prompt().value).toBe("my words");
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request.params).toMatchObject({ kind: "img2img", prompt: "my words", seed: 7 });
  });
});

describe("a selected picture", () => {
  const region = { x: 0, y: 0, width: 10, height: 10 };
  const picture = (fields: Partial<Target> = {}): Target => ({ shape: "picture", id: "p", title: "Selected picture", region, prompt: "", origin: { job: "j", image: "i", source: "f" }, ...fields });
  const made = { id: "j", params: { kind: "txt2img", prompt: "a red house", seed: 6, count: 4, checkpoint: "bundled", width_px: 512, height_px: 512 }, images: [{ id: "i", seed: 7, width_px: 512, height_px: 512 }] } as unknown as Job;
  const shown = () => vi.waitFor(() => screen.getByTestId("origin"));

  it("says how it was made", async () => {
    jobs.j = made;
    await open(picture());
    const card = await shown();
    expect(card.textContent).toContain("a red house");
    expect(card.textContent).toContain("Built-in · Words only · 512 × 512 · seed\u00a07");
  });

  it("brings everything back at its sketch, and one press brings back what was there", async () => {
    jobs.j = made;
    board.frames.f = frame("f", "my words");
    await open(picture());
    await shown();
    act(() => screen.getByText("Use again").click());
    expect(prompt().value).toBe("a red house");
    expect(document.activeElement, "the card has gone").toBe(button());
    expect(screen.getByText("Words only").getAttribute("aria-checked")).toBe("true");
    fireEvent.click(button());
    await settle();
    expect(asked[0]!.request).toMatchObject({ frame: "f", params: { kind: "txt2img", prompt: "a red house", seed: 7, count: 1 } });
    act(() => board.set(picture()));
    await shown();
    board.frames.f = frame("f", "my words");
    act(() => screen.getByText("Use again").click());
    fireEvent.click(screen.getByText("Undo"));
    expect(prompt().value).toBe("my words");
    expect(board.remembered.every((note) => (note as { id: string }).id === "f")).toBe(true);
  });

  it("whose sketch is gone is used where one is", async () => {
    jobs.j = made;
    await open(picture());
    await shown();
    act(() => screen.getByText("Use again").click());
    expect(prompt().value).toBe("a red house");
  });

  it("gives its words or its seed alone; the words are among the earlier ones then", async () => {
    jobs.j = made;
    await open(picture());
    await shown();
    type("mine");
    act(() => screen.getByText("Use the seed").click());
    expect(prompt().value).toBe("mine");
    expect(screen.getByText("Sketch to picture").getAttribute("aria-checked")).toBe("true");
    act(() => screen.getByText("Use the words").click());
    expect(prompt().value).toBe("a red house");
    board.set(frame("g", ""));
    expect(screen.queryByText("Undo"), "it was filled in elsewhere").toBeNull();
    fireEvent.keyDown(prompt(), { key: "ArrowUp", altKey: true });
    expect(prompt().value).toBe("a red house");
  });

  it("of another board says nothing", async () => {
    await open(picture());
    await settle();
    expect(screen.queryByTestId("origin")).toBeNull();
  });
});

describe("repainting a part", () => {
  const inpaint = { ...checkpoint.kinds.img2img!, title: "Repaint a part", sees: "pictures_and_mask" as const };
  const painter = { ...checkpoint, kinds: { ...checkpoint.kinds, inpaint } };
  const picture: Target = { shape: "picture", id: "p", title: "Selected picture", region: { x: 0, y: 0, width: 10, height: 10 }, prompt: "" };

  it("teaches how to mark it and waits for the mark", async () => {
    board.marks = "unmarked";
    await open(picture, [painter]);
    fireEvent.click(screen.getByText("Repaint a part"));
    type("a tree");
    expect(screen.getByText("Draw over the part of the picture to repaint, then say what should be there.")).toBeTruthy();
    expect(button().disabled).toBe(true);
    expect(screen.getByText("Draw over the part to repaint first.")).toBeTruthy();
    fireEvent.click(screen.getByText("Draw over it"));
    expect(board.takePen).toHaveBeenCalled();
    expect(board.held.at(-1), "drawing unselects the picture").toBe("p");
    board.marks = "marked";
    board.set({ ...picture });
    expect(screen.queryByTestId("mask-lesson")).toBeNull();
    expect(button().disabled).toBe(false);
    fireEvent.click(screen.getByText("Sketch to picture"));
    expect(board.held.at(-1)).toBeNull();
  });

  it("needs a picture", async () => {
    board.marks = "no_picture";
    await open(frame("f", "a tree"), [painter]);
    fireEvent.click(screen.getByText("Repaint a part"));
    expect(screen.getByText("Select a picture first.")).toBeTruthy();
  });
});

describe("earlier prompts", () => {
  const key = (key: string, altKey = false) => fireEvent.keyDown(prompt(), { key, altKey });
  const generate = async (text: string) => {
    type(text);
    fireEvent.click(button());
    await settle();
  };

  it("come by Alt+Up, go by Alt+Down, and Esc brings back what was typed", async () => {
    await open(frame("f"));
    for (const text of ["one", "two", "one"]) await generate(text);
    type("typed");
    key("ArrowUp");
    expect(prompt().value).toBe("typed");
    for (const [pressed, value] of [["ArrowUp", "one"], ["ArrowUp", "two"], ["ArrowUp", "two"], ["ArrowDown", "one"], ["ArrowDown", "typed"], ["ArrowDown", "typed"]] as const) {
      key(pressed, true);
      expect(prompt().value).toBe(value);
    }
    key("ArrowUp", true);
    key("Escape");
    expect(prompt().value).toBe("typed");
  });

  it("are a list to click at, which can be undone", async () => {
    await open(frame("f"));
    for (const text of ["one", "two"]) await generate(text);
    type("typed");
    fireEvent.click(screen.getByTestId("earlier-prompts"));
    const list = await vi.waitFor(() => screen.getByTestId("prompt-history"));
    expect([...list.querySelectorAll("li")].map(({ textContent }) => textContent)).toEqual(["two", "one"]);
    fireEvent.click(screen.getByText("one", { selector: "li button" }));
    expect(prompt().value).toBe("one");
    expect(document.activeElement).toBe(prompt());
    fireEvent.click(screen.getByText("Undo"));
    expect(prompt().value).toBe("typed");
  });
});

describe("what the model does not hear", () => {
  it("is said while one types, of the text that stands there", async () => {
    await open(frame("f"), [{ ...checkpoint, hears_tokens: 30 }]);
    type("a red house by the sea | with three birds");
    await act(async () => void (await vi.advanceTimersByTimeAsync(600)));
    expect(screen.getByTestId("not-heard").textContent).toBe("This model hears the first 6 words only. Not heard: “with three birds”");
    type("a red house by the sea at night");
    expect(screen.queryByTestId("not-heard")).toBeNull();
  });
});

describe("models that are not there", () => {
  it("are told of, folded, without a word for operators", async () => {
    const gone = { ...checkpoint, name: "big", title: "Big model", default: false, status: "failed" as const, description: "Paints photographs.", reason: "run `manage.py checkpoints fetch big`" };
    await open(frame("f", "x"), [checkpoint, gone, { ...gone, name: "other", title: "Other", status: "ready" }]);
    const listed = within(screen.getByTestId("unavailable"));
    expect(listed.getByText("Ask your operator: 1 more model")).toBeTruthy();
    expect(listed.getByText("Paints photographs.")).toBeTruthy();
    expect([...screen.getByLabelText<HTMLSelectElement>("Model").options].map(({ text }) => text)).toEqual(["Built-in", "Other"]);
    expect(document.body.textContent).not.toContain("manage.py");
  });
});
