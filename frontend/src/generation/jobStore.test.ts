import { beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../api/types";
import { JobStore } from "./jobStore";
import { statusText } from "./useJobs";

const job = (id: string, fields: Partial<Job> = {}): Job => ({
  id, kind: "img2img", status: "queued", params: { kind: "img2img", prompt: "a house" }, position: 1, eta_seconds: null,
  step: 0, steps: 0, attempt: 0, cancel_requested: false, error: null, images: [], created_by: { id: "u1", name: "Ana", color: "red" },
  created_at: "2026-01-01T00:00:00Z", started_at: null, finished_at: null, retry_of: null, board: "b", frame: null, region: null, spots: [], placement: null, accepted_placement: null, snapshot_url: null, ...fields,
});

let store: JobStore;
let announced: string[];
const shown = () => store.list().map(({ id, status }) => `${id}:${status}`);

beforeEach(() => {
  store = new JobStore();
  announced = [];
  store.onAnnouncement(({ text }) => announced.push(text));
});

describe("jobs of a board", () => {
  it("a newcomer sees what is under way, with the last preview", () => {
    store.apply([job("a", { status: "running", step: 3, steps: 12, preview_url: "data:x" }), job("b")], true);
    expect(shown()).toEqual(["a:running", "b:queued"]);
    expect(store.list()[0]!.preview_url).toBe("data:x");
    expect(announced).toEqual([]);
  });

  it("lists them in their order: what is being made, what waits by its place, what failed", () => {
    store.apply([job("failed", { status: "failed" }), job("late", { position: 3 }), job("soon", { position: 2 }), job("now", { status: "running" })], true);
    expect(shown().map((each) => each.split(":")[0])).toEqual(["now", "soon", "late", "failed"]);
    store.apply([job("late", { position: 1 })]); // it runs next
    expect(shown().map((each) => each.split(":")[0])).toEqual(["now", "late", "soon", "failed"]);
  });

  it("progress moves it, keeps the preview between steps, and is told once", () => {
    store.apply([job("a")]);
    store.progress("a", 1, 12, "data:1");
    store.progress("a", 2, 12, null);
    expect(store.list()[0]).toMatchObject({ status: "running", step: 2, steps: 12, preview_url: "data:1" });
    store.apply([job("a", { status: "running", step: 2, steps: 12 })]);
    expect(store.list()[0]!.preview_url).toBe("data:1");
    store.progress("unknown", 1, 2);
    expect(shown()).toEqual(["a:running"]);
    expect(announced).toEqual(["Ana’s picture is being made."]);
  });

  it("a finished or cancelled job goes, a failed one stays until it is tried again", () => {
    store.apply([job("a", { status: "running" }), job("b", { status: "running" }), job("c", { status: "running" })]);
    store.apply([job("a", { status: "succeeded" }), job("b", { status: "cancelled" }), job("c", { status: "failed", error: { code: "x", message: "Out of memory.", retryable: true } })]);
    expect(shown()).toEqual(["c:failed"]);
    expect(announced.at(-1)).toMatch(/Out of memory/);
    store.apply([job("d", { retry_of: "c" })]);
    expect(shown()).toEqual(["d:queued"]);
  });

  it("a dismissed failure does not come back with the next welcome", () => {
    const failed = job("a", { status: "failed" });
    store.apply([failed]);
    store.dismiss("a");
    store.apply([failed], true);
    expect(shown()).toEqual([]);
  });

  it("after a reconnect what is not in the welcome is over", () => {
    store.apply([job("a"), job("b")]);
    store.apply([job("b")], true);
    expect(shown()).toEqual(["b:queued"]);
  });
});

const picture = (id: string, standing: "candidate" | "placed" | "kept" = "candidate"): Job["images"][number] => ({ id, url: `/${id}`, mime_type: "image/png", width_px: 64, height_px: 64, seed: 1, element_id: null, standing });

describe("pictures to choose from", () => {
  it("a job is offered as long as one of its pictures is a candidate, also when it is done", () => {
    store.apply([job("a", { status: "running", images: [picture("p")] })]);
    expect([shown(), store.staged().map(({ id }) => id)]).toEqual([["a:running"], ["a"]]);
    store.apply([job("a", { status: "succeeded", images: [picture("p"), picture("q")] })]);
    expect([shown(), store.staged().map(({ id }) => id)]).toEqual([[], ["a"]]);
    expect(announced.at(-1)).toBe("Ana’s pictures are ready to choose from.");
    store.apply([job("a", { status: "succeeded", images: [picture("p", "placed"), picture("q", "kept")] })]);
    expect(store.staged()).toEqual([]);
  });

  it("whoever comes late is offered them too, the newest first", () => {
    store.apply([job("a", { status: "succeeded", images: [picture("p")] }), job("b", { status: "succeeded", images: [picture("q")], created_at: "2026-01-02T00:00:00Z" })], true);
    expect(store.staged().map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("knows what was asked for here, by job or by picture", () => {
    store.expect("j");
    store.expect("p");
    expect([store.isOwn({ job: "j", image: "x" }), store.isOwn({ job: "k", image: "p" }), store.isOwn({ job: "k" }), store.isOwn({})]).toEqual([true, true, false, false]);
    expect(store.isOwn({ job: "j", image: "x" }, { job: "j", image: "x" }), "somebody moved it").toBe(false);
    expect(store.isOwn({ job: "j", image: "x" }, { job: "k", image: "y" }), "repainted").toBe(true);
    expect(store.isOwn({ job: "j" }, {}), "what marked the part").toBe(true);
  });
});

describe("standing in words", () => {
  it.each([
    [job("a"), "Waiting…"],
    [job("a", { position: 3, eta_seconds: 20 }), "Waiting… 2 ahead, about 20 s"],
    [job("a", { position: 1, eta_seconds: 240 }), "Waiting… about 4 min"],
    [job("a", { status: "running", step: 3, steps: 12 }), "step 3 of 12"],
    [job("a", { status: "running" }), "Starting…"],
    [job("a", { status: "running", step: 3, steps: 12, cancel_requested: true }), "Cancelling…"],
    [job("a", { status: "failed", error: { code: "x", message: "No.", retryable: false } }), "No."],
  ])("%#", (given, words) => expect(statusText(given)).toBe(words));
});
