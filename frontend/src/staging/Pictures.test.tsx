// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, JobImage, Standing } from "../api/types";
import { onRecall, type Recall } from "../generation/form";
import { JobStore } from "../generation/jobStore";
import type { Target } from "../generation/target";
import { renewed, whoAndWhen } from "./earlierPictures";
import Pictures from "./Pictures";
import type { StagingPort } from "./StagingPort";

/** The board at its door: a target, and which elements stand there. */
class Board implements StagingPort {
  mayEdit = true;
  aim: Target | null = { shape: "frame", id: "f", title: "Frame", region: { x: 0, y: 0, width: 1, height: 1 }, prompt: "" };
  live = new Set<string>();
  target = () => this.aim;
  subscribe = () => () => undefined;
  screen = () => ({ width: 390, height: 400 });
  place = () => null;
  shownAs = () => null;
  onMove = () => () => undefined;
  show = vi.fn();
  has = (id: string) => this.live.has(id);
  showElement = (id: string) => this.live.has(id);
  isAtRest = () => true;
}

const image = (id: string, standing: Standing | null, element_id: string | null = null): JobImage => ({ id, url: `/${id}.png`, mime_type: "image/png", width_px: 128, height_px: 96, seed: 7, element_id, standing });
const job = (id: string, images: JobImage[], fields: Partial<Job> = {}) =>
  ({ id, kind: "img2img", status: "succeeded", params: { kind: "img2img", prompt: `words of ${id}`, count: 4, steps: 9 }, images, created_by: { id: "ana", name: "Ana" }, created_at: "2026-01-01T10:00:00Z", snapshot_url: `/api/v1/jobs/${id}/snapshot`, ...fields }) as Job;

let board: Board;
let store: JobStore;
let asked: string[];
let pages: Record<string, { items: Job[]; next: string | null }>;

const settle = () => act(async () => void (await new Promise((done) => setTimeout(done))));
const alts = () => screen.getAllByTestId("earlier-picture").map((each) => each.querySelector("img")!.alt);

beforeEach(async () => {
  board = new Board();
  store = new JobStore();
  asked = [];
  pages = {
    f: { items: [job("b", [image("b1", "placed", "el"), image("b2", "discarded")]), job("a", [image("a1", null)])], next: "older" },
    older: { items: [job("z", [image("z1", "kept")])], next: null },
    "": { items: [job("elsewhere", [image("x1", "kept")])], next: null },
  };
  vi.stubGlobal("fetch", async (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`);
    const query = new URL(path, "http://x").searchParams;
    const answer = method === "GET" ? pages[query.get("cursor") ?? query.get("frame") ?? ""] : pages.f!.items[0];
    return new Response(JSON.stringify(answer), { status: 200 });
  });
  render(<Pictures base="/api/v1" boardId="B" store={store} board={board} onAway={() => undefined} />);
  await settle();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("earlier pictures", () => {
  it("of this frame, the discarded ones too, older ones on demand", async () => {
    expect(asked).toEqual(["GET /api/v1/jobs?board=B&with_pictures=true&limit=30&frame=f"]);
    expect(alts()).toEqual(["words of b, On the board", "words of b, Discarded", "words of a"]);
    fireEvent.click(screen.getByText("Show older"));
    await settle();
    expect(alts().at(-1)).toBe("words of z, Kept");
    expect(screen.queryByText("Show older")).toBeNull();
  });

  it("of the whole board", async () => {
    fireEvent.click(screen.getByText("Whole board"));
    await settle();
    expect(alts()).toEqual(["words of elsewhere, Kept"]);
  });

  it("a picture that is made meanwhile comes to the front", async () => {
    const fresh = job("c", [image("c1", "candidate")]);
    pages.f!.items.unshift(fresh);
    act(() => store.apply([fresh]));
    await settle();
    expect(alts()[0]).toBe("words of c, To choose from");
  });

  it("shows what the model saw", () => {
    fireEvent.click(screen.getAllByTestId("earlier-picture")[0]!);
    fireEvent.click(screen.getByRole("button", { name: "What the model saw" }));
    expect(screen.getByTestId("what-the-model-saw").getAttribute("src")).toBe("/api/v1/jobs/b/snapshot");
    fireEvent.click(screen.getByText("Show the picture"));
    expect(screen.queryByTestId("what-the-model-saw")).toBeNull();
  });

  it("hands over everything or a part, with the seed of this very picture", () => {
    const recalls: Recall[] = [];
    const stop = onRecall((recall) => void recalls.push(recall));
    fireEvent.click(screen.getAllByTestId("earlier-picture")[1]!);
    for (const label of ["Everything", "Prompt", "Seed", "Size"]) fireEvent.click(screen.getByText(label));
    stop();
    expect(recalls.map(({ part }) => part)).toEqual(["all", "prompt", "seed", "size"]);
    expect(recalls[0]!.params).toMatchObject({ prompt: "words of b", seed: 7, count: 1, width_px: 128, height_px: 96, steps: 9 });
  });

  it("one that stands on the board is shown there; one that was deleted there is put there anew, as this page's doing", async () => {
    board.live.add("el");
    fireEvent.click(screen.getAllByTestId("earlier-picture")[0]!);
    fireEvent.click(screen.getByTestId("earlier-place"));
    await settle();
    expect(asked).toHaveLength(1);
    board.live.clear();
    fireEvent.click(screen.getByTestId("earlier-place"));
    await settle();
    expect(asked[1]).toBe("POST /api/v1/jobs/b/images/b1/accept");
    expect(store.isOwn({ image: "b1" })).toBe(true);
  });

  it("who may only look puts nothing anywhere", async () => {
    cleanup();
    board.mayEdit = false;
    render(<Pictures base="/api/v1" boardId="B" store={store} board={board} onAway={() => undefined} />);
    await settle();
    fireEvent.click(screen.getAllByTestId("earlier-picture")[1]!);
    expect(screen.queryByTestId("earlier-place")).toBeNull();
    expect(screen.queryByText("Use again")).toBeNull();
    expect(screen.getByRole("button", { name: "What the model saw" })).toBeTruthy();
  });
});

describe("in words", () => {
  it("who and when", () => {
    const at = new Date(2026, 4, 3, 14, 5);
    const made = job("a", [], { created_at: at.toISOString() });
    expect(whoAndWhen(made, new Date(2026, 4, 3, 20))).toMatch(/^Ana, today /);
    expect(whoAndWhen(made, new Date(2026, 4, 9))).not.toContain("today");
    expect(whoAndWhen({ ...made, created_by: null }, at)).toMatch(/^Someone, /);
  });

  it("a page that is looked at again changes what it has, and loses nothing that is older", () => {
    const [a, b, c] = ["a", "b", "c"].map((id) => job(id, [])) as [Job, Job, Job];
    const changed = { ...b, status: "failed" as const };
    expect(renewed([b, a], [c, changed])).toEqual([c, changed, a]);
  });
});
