// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, JobImage, Standing } from "../api/types";
import { JobStore } from "../generation/jobStore";
import { Notices } from "../ui/notices";
import type { StagingPort } from "./StagingPort";
import Staging from "./Staging";

/** The board at its door, with a frame at a place on the screen. */
class Board implements StagingPort {
  mayEdit = true;
  rest = true;
  shown: string[] = [];
  target = () => null;
  subscribe = () => () => undefined;
  x = 10;
  place = () => ({ x: this.x, y: 20, width: 100, height: 80 });
  screen = () => ({ width: 390, height: 400 });
  shownAs: StagingPort["shownAs"] = () => null;
  live = new Set<string>();
  private readonly movers = new Set<() => void>();
  onMove = (listener: () => void) => {
    this.movers.add(listener);
    return () => void this.movers.delete(listener);
  };
  has = (id: string) => this.live.has(id);
  /** The canvas is scrolled. */
  async move(x: number) {
    this.x = x;
    await act(async () => {
      this.movers.forEach((listener) => listener());
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
  }
  /** What stands on the board changes. */
  set(...ids: string[]) {
    this.live = new Set(ids);
    act(() => this.movers.forEach((listener) => listener()));
  }
  show = (job: Job) => void this.shown.push(job.id);
  showElement = () => true;
  isAtRest = () => this.rest;
}

const image = (id: string, standing: Standing = "candidate"): JobImage => ({ id, url: `/${id}.png`, mime_type: "image/png", width_px: 64, height_px: 64, seed: 1, element_id: null, standing });
const job = (standings: Record<string, Standing>, fields: Partial<Job> = {}) =>
  ({ id: "j", kind: "img2img", status: "succeeded", params: { kind: "img2img", prompt: "a red house", count: 4 }, images: Object.entries(standings).map(([id, standing]) => image(id, standing)), created_by: { id: "ana", name: "Ana" }, created_at: "2026-01-01", ...fields }) as Job;
const four = { a: "candidate", b: "candidate", c: "candidate", d: "candidate" } as const;

let board: Board;
let store: JobStore;
let notices: Notices;
let cancelled: string[];
let asked: { path: string; body: unknown }[];
let answer: Job;

const looked = () => screen.getByTestId("stage-picture").dataset.image;
const settle = () => act(async () => void (await Promise.resolve().then(() => new Promise((done) => setTimeout(done)))));
const arrive = (arrived: Job) => act(() => store.apply([arrived]));
const press = (key: string, target: Element = screen.getByTestId("stage-bar")) => fireEvent.keyDown(target, { key });

beforeEach(() => {
  board = new Board();
  store = new JobStore();
  notices = new Notices();
  cancelled = [];
  asked = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push({ path, body: init.body ? JSON.parse(String(init.body)) : null });
    return new Response(JSON.stringify(answer), { status: 200 });
  });
  store.apply([job(four)]);
  render(<Staging base="/api/v1" boardId="b" you="ana" store={store} board={board} notices={notices} mayCancel={() => true} onCancel={({ id }) => void cancelled.push(id)} />);
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("looking", () => {
  it("one lies over its frame, all are in the bar, the arrow keys flip", () => {
    expect(looked()).toBe("a");
    expect(screen.getAllByTestId("stage-thumb")).toHaveLength(4);
    press("ArrowRight");
    press("ArrowRight");
    expect(looked()).toBe("c");
    press("ArrowLeft");
    expect(looked()).toBe("b");
    expect(screen.getByRole("radio", { checked: true }).getAttribute("aria-label")).toBe("Picture 2 of 4");
  });

  it("a button says that their place is out of view, and leads there", async () => {
    const words = screen.getByTitle("Show on the board");
    expect(words.textContent).not.toContain("Show");
    await board.move(500);
    expect(words.textContent).toContain("Show");
    fireEvent.click(words);
    expect(board.shown).toEqual(["j"]);
    await board.move(10);
    expect(words.textContent).not.toContain("Show");
  });

  it("one that takes the place of a picture is shown as that is", () => {
    const overlay = () => screen.getByTestId("stage-picture").parentElement!;
    expect(overlay().style.transform.trim()).toBe("translate(10px, 20px)");
    board.shownAs = () => ({ layer: "rotate(1rad)", picture: { left: "-50%", top: "0%", width: "200%", height: "100%" } });
    arrive(job(four, { placement: "stage", accepted_placement: "in_place" }));
    expect(overlay().style.transform).toBe("translate(10px, 20px) rotate(1rad)");
    expect(screen.getByTestId("stage-picture").style.left).toBe("-50%");
  });

  it("on the canvas they flip while nothing is selected there", () => {
    press("ArrowRight", document.body);
    expect(looked()).toBe("b");
    board.rest = false;
    press("ArrowRight", document.body);
    expect(looked()).toBe("b");
  });

  it("pictures that are still being made have their places", () => {
    arrive(job({ a: "candidate" }, { status: "running" }));
    expect(document.querySelectorAll(".stage-coming")).toHaveLength(3);
    arrive(job({ a: "candidate", b: "candidate" }, { status: "running" }));
    expect(document.querySelectorAll(".stage-coming")).toHaveLength(2);
    expect(looked()).toBe("a");
  });

  it("several jobs are gone through one after the other", () => {
    arrive(job({ z: "candidate" }, { id: "k", created_by: { id: "bob", name: "Bob", color: "blue" }, created_at: "2026-01-02" }));
    expect(looked()).toBe("a");
    fireEvent.click(screen.getByText("Next of 2 choices"));
    expect(looked()).toBe("z");
    expect(screen.getByText("Bob: a red house")).toBeTruthy();
  });
});

describe("choosing", () => {
  it("accepting puts the others away, and says how to have them back", async () => {
    answer = job({ a: "kept", b: "placed", c: "kept", d: "kept" });
    press("ArrowRight");
    fireEvent.click(screen.getByTestId("stage-accept"));
    expect(store.isOwn({ image: "b" })).toBe(true);
    await settle();
    expect(asked).toEqual([{ path: "/api/v1/jobs/j/images/b/accept", body: { keep_others: true } }]);
    expect(screen.queryByTestId("stage-bar")).toBeNull();
    const [notice] = notices.list();
    expect(notice!.text).toContain("The other 3 are kept");
    answer = job({ a: "candidate", b: "placed", c: "candidate", d: "candidate" });
    act(() => notice!.action!.run());
    await settle();
    expect(asked.at(-1)!.path).toBe("/api/v1/jobs/j/images/restore");
    expect(looked()).toBe("c");
  });

  it("when an undo takes it off the board, the choice is offered anew", async () => {
    answer = job({ a: "placed", b: "kept", c: "kept", d: "kept" });
    answer.images[0]!.element_id = "el";
    fireEvent.click(screen.getByTestId("stage-accept"));
    await settle();
    board.set();
    expect(notices.list()[0]!.text).toContain("Placed on the board");
    board.set("el");
    board.set();
    expect(notices.list().map(({ text, action }) => [text, action!.label])).toEqual([["The picture was removed from the board.", "Choose again"]]);
    notices.review();
    expect(notices.list()).toHaveLength(1);
    answer = job(four);
    act(() => notices.list()[0]!.action!.run());
    await settle();
    expect(screen.getAllByTestId("stage-thumb")).toHaveLength(4);
  });

  it("is not said to be removed any more once it was put back", async () => {
    answer = job({ a: "placed", b: "kept", c: "kept", d: "kept" });
    answer.images[0]!.element_id = "el";
    fireEvent.click(screen.getByTestId("stage-accept"));
    await settle();
    board.set("el");
    board.set();
    board.set("el");
    notices.review();
    expect(notices.list().map(({ text }) => text)).toEqual(["Placed on the board. The other 3 are kept under “Earlier pictures”."]);
  });

  it.each([["Keep for later", "keep"], ["Discard", "discard"]])("%s takes one away, the next is looked at", async (label, verb) => {
    answer = job({ ...four, a: verb === "keep" ? "kept" : "discarded" });
    fireEvent.click(screen.getByText(label));
    await settle();
    expect(asked).toEqual([{ path: `/api/v1/jobs/j/images/a/${verb}`, body: null }]);
    expect(looked()).toBe("b");
    expect(notices.list()[0]!.action!.label).toBe("Bring back");
  });

  it("discarding all of a job that still runs takes it back as well", async () => {
    arrive(job({ a: "candidate", b: "candidate" }, { status: "running" }));
    answer = job({ a: "discarded", b: "discarded" }, { status: "running" });
    fireEvent.click(screen.getByText("Discard all"));
    await settle();
    expect(cancelled).toEqual(["j"]);
    expect(asked).toEqual([{ path: "/api/v1/jobs/j/images/discard", body: null }]);
    expect(screen.queryByTestId("stage-bar")).toBeNull();
  });

  it("a refusal is said, and the choice stays", async () => {
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ code: "frozen", detail: "A moderator froze this board." }), { status: 423 }));
    fireEvent.click(screen.getByTestId("stage-accept"));
    await settle();
    expect(notices.list()[0]).toMatchObject({ tone: "problem", text: "A moderator froze this board." });
    expect(looked()).toBe("a");
  });

  it("who may only look flips and chooses nothing", () => {
    board.mayEdit = false;
    arrive(job(four));
    press("ArrowRight");
    expect(looked()).toBe("b");
    expect(screen.queryByTestId("stage-accept")).toBeNull();
  });
});
