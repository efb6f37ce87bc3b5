// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type JobRequest } from "../api/client";
import type { Job } from "../api/types";
import { JobStore } from "./jobStore";
import { useGenerate } from "./useGenerate";

const job = (fields: Partial<Job> = {}) => ({ id: "j", status: "queued", params: { kind: "img2img", prompt: "", seed: 7 }, images: [], created_at: "", ...fields }) as unknown as Job;
const request = async () => ({ params: {}, region: {} }) as unknown as JobRequest;

let store: JobStore;
let answers: ((answer: Job | Error) => void)[];
const ask = () => new Promise<Job>((resolve, reject) => answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))));
const onSent = vi.fn();
const open = () => renderHook(({ target, online = true }: { target: string; online?: boolean }) => useGenerate({ generate: ask, finish: ask }, "b", store, target, online, onSent), { initialProps: { target: "f" } as { target: string; online?: boolean } });
const answer = (each: Job | Error) => act(async () => answers.at(-1)!(each));

beforeEach(() => {
  store = new JobStore();
  answers = [];
  onSent.mockClear();
});

describe("requests for pictures", () => {
  it("go out one at a time", async () => {
    const { result } = open();
    await act(async () => void result.current.generate(request));
    expect(result.current.sending).toBe(true);
    await act(() => result.current.generate(request));
    await act(() => result.current.finish("j", "i"));
    expect(answers).toHaveLength(1);
    await answer(job());
    expect(result.current).toMatchObject({ sending: false, lastSeed: 7, errors: {} });
    expect(store.list()).toHaveLength(1);
    expect(onSent).toHaveBeenCalledOnce();
  });

  it("make this page's own pictures, unless they are staged", async () => {
    const { result } = open();
    await act(async () => void result.current.generate(request));
    await answer(job({ id: "placed" }));
    await act(async () => void result.current.generate(request));
    await answer(job({ id: "staged", placement: "stage" }));
    expect(["placed", "staged"].map((id) => store.isOwn({ job: id }))).toEqual([true, false]);
  });

  it("no longer say that the server could not be reached once it can be", async () => {
    const { result, rerender } = open();
    await act(async () => void result.current.generate(request));
    await answer(new ApiError(0, "offline", "The server could not be reached."));
    rerender({ target: "f", online: false });
    expect(result.current.errors).toEqual({ "": "The server could not be reached." });
    rerender({ target: "f", online: true });
    expect(result.current.errors).toEqual({});
  });

  it("leave their errors until the next one, or another target", async () => {
    const { result, rerender } = open();
    const refuse = async () => {
      await act(async () => void result.current.generate(request));
      await answer(new ApiError(422, "params_invalid", "Invalid", [{ field: "params.steps", message: "too many" }]));
    };
    await refuse();
    expect(result.current.errors).toEqual({ steps: "too many" });
    expect(onSent).not.toHaveBeenCalled();
    await act(async () => void result.current.generate(request));
    expect(result.current.errors).toEqual({});
    await answer(job());
    await refuse();
    rerender({ target: "g" });
    expect(result.current.errors).toEqual({});
    rerender({ target: "f" });
    expect(result.current.errors).toEqual({});
  });

  it("that cannot be built are an error too", async () => {
    const { result } = open();
    await act(() => result.current.generate(() => Promise.reject(new Error("There is no picture here."))));
    expect(result.current).toMatchObject({ sending: false, errors: { "": "There is no picture here." } });
  });
});
