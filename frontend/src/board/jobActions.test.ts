import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../api/client";
import type { Job } from "../api/types";
import { JobStore } from "../generation/jobStore";
import { jobActions } from "./jobActions";

const job = (id: string, person: string, fields: Partial<Job> = {}) => ({ id, status: "failed", params: { kind: "img2img", prompt: "" }, images: [], created_by: { id: person, name: person }, created_at: "", ...fields }) as unknown as Job;

let store: JobStore;
const onError = vi.fn();
const actions = (api: Partial<Api>, isOwner = false) => jobActions(api as Api, "b", store, { id: "ana", isOwner }, onError);
const listed = () => store.list().map(({ id, status }) => `${id}:${status}`);
const settle = () => new Promise((done) => setTimeout(done));

beforeEach(() => {
  store = new JobStore();
  onError.mockClear();
});

describe("what one may do with jobs", () => {
  it("everybody cancels their own, the owner all and chooses which is next", () => {
    const mine = job("a", "ana");
    const theirs = job("b", "bob");
    expect([mine, theirs].map(actions({}).mayCancel)).toEqual([true, false]);
    expect([mine, theirs].map(actions({}, true).mayCancel)).toEqual([true, true]);
    expect(actions({}).onRunNext).toBeUndefined();
    expect(actions({}, true).onRunNext).toBeDefined();
  });

  it("a job that is tried again takes the place of the failed one, and its picture is this page's own", async () => {
    store.apply([job("a", "ana")]);
    actions({ retry: async () => job("again", "ana", { status: "queued" }) }).onRetry(job("a", "ana"));
    await settle();
    expect(listed()).toEqual(["again:queued"]);
    expect(store.isOwn({ job: "again" })).toBe(true);
  });

  it("a staged job that is tried again is nobody's own", async () => {
    actions({ retry: async () => job("again", "ana", { status: "queued", placement: "stage" }) }).onRetry(job("a", "ana"));
    await settle();
    expect(store.isOwn({ job: "again" })).toBe(false);
  });

  it("a refusal is reported, and the job stays", async () => {
    store.apply([job("a", "ana", { status: "queued" })]);
    const refused = new Error("Too late.");
    actions({ cancel: () => Promise.reject(refused) }).onCancel(job("a", "ana"));
    await settle();
    expect(onError).toHaveBeenCalledExactlyOnceWith(refused);
    expect(listed()).toEqual(["a:queued"]);
  });
});
