import { describe, expect, it } from "vitest";
import type { Job, JobImage, Standing } from "../api/types";
import { candidatesOf, jobInHand, missing, neighbour, shownOf } from "./choice";

const image = (id: string, standing: Standing = "candidate"): JobImage => ({ id, url: `/${id}`, mime_type: "image/png", width_px: 64, height_px: 64, seed: 1, element_id: null, standing });
const job = (images: JobImage[], fields: Partial<Job> = {}) => ({ id: "j", status: "succeeded", params: { kind: "img2img", prompt: "", count: 4 }, images, ...fields }) as Job;

describe("which picture is looked at", () => {
  it("the first, until another is chosen", () => {
    const four = job(["a", "b", "c", "d"].map((id) => image(id)));
    expect(shownOf(four, null)!.id).toBe("a");
    expect(shownOf(four, { id: "c", at: 2 })!.id).toBe("c");
  });

  it("when it goes, whichever stands where it stood; the last one where that was the end", () => {
    const before = { id: "b", at: 1 };
    expect(shownOf(job([image("a"), image("b", "discarded"), image("c")]), before)!.id).toBe("c");
    expect(shownOf(job([image("a"), image("b", "kept")]), before)!.id).toBe("a");
    expect(shownOf(job([image("a", "placed")]), before)).toBeUndefined();
  });

  it("the arrows go round", () => {
    const three = job([image("a"), image("x", "kept"), image("b"), image("c")]);
    const [a, b, c] = candidatesOf(three);
    expect([neighbour(three, a!, 1), neighbour(three, c!, 1), neighbour(three, a!, -1)]).toEqual([b, a, c]);
  });

  it("says how many are still to come", () => {
    expect(missing(job([image("a")], { status: "running" }))).toBe(3);
    expect(missing(job([image("a")], { status: "cancelled" }))).toBe(0);
  });
});

describe("which job", () => {
  const of = (id: string, person: string) => ({ id, created_by: { id: person, name: person } }) as Job;
  it("the picked one, else my newest, else the newest", () => {
    const staged = [of("new", "bob"), of("mine", "ana"), of("older", "ana")];
    expect(jobInHand(staged, "older", "ana")!.id).toBe("older");
    expect(jobInHand(staged, "gone", "ana")!.id).toBe("mine");
    expect(jobInHand(staged, null, "eve")!.id).toBe("new");
    expect(jobInHand([], null, "eve")).toBeUndefined();
  });
});
