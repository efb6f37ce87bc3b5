import { useState } from "react";
import { ApiError, type Api, type JobRequest } from "../api/client";
import { uuid } from "../api/ids";
import type { Job } from "../api/types";
import type { JobStore } from "./jobStore";
import { fieldErrors, type FieldErrors } from "./request";

export interface Generate {
  /** True from the press of the button until the server has answered. */
  sending: boolean;
  /** Why the last request was refused; empty after a success and for another target. */
  errors: FieldErrors;
  /** Seed of the last job that was asked for here; null before the first. */
  lastSeed: number | null;
  /** build: makes the request; called only when none is on its way. */
  generate(build: () => Promise<JobRequest>): Promise<void>;
  /** Makes a picture of a draft again with all its steps. */
  finish(job: string, image: string): Promise<void>;
}

/**
 * Sends requests for pictures, one at a time, and puts the jobs into the store.
 *
 * targetId: what is generated from; errors belong to it. online: whether the board is connected; that the server could not
 * be reached is no longer said when it is again. onSent: called once the server has taken a request.
 */
export function useGenerate(api: Pick<Api, "generate" | "finish">, boardId: string, store: JobStore, targetId: string, online: boolean, onSent: () => void): Generate {
  const [sending, setSending] = useState(false);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [lastSeed, setLastSeed] = useState<number | null>(null);
  const [errorsOf, setErrorsOf] = useState(targetId);
  if (errorsOf !== targetId) {
    setErrorsOf(targetId);
    setErrors({});
  }

  const [wasOnline, setWasOnline] = useState(online);
  const [unreached, setUnreached] = useState(false);
  if (wasOnline !== online) {
    setWasOnline(online);
    if (online && unreached) setErrors({});
  }

  const send = async (request: () => Promise<Job>) => {
    if (sending) return;
    setSending(true);
    setErrors({});
    try {
      const job = await request();
      if (job.placement !== "stage") store.expect(job.id); // its picture arrives as this page's own edit, which can be undone
      setLastSeed(job.params.seed ?? null);
      store.apply([job]);
      onSent();
    } catch (error) {
      setErrors(fieldErrors(error));
      setUnreached(error instanceof ApiError && error.code === "offline");
    } finally {
      setSending(false);
    }
  };

  return {
    sending,
    errors,
    lastSeed,
    generate: (build) => send(async () => api.generate(boardId, await build(), uuid())),
    finish: (job, image) => send(() => api.finish(job, image, uuid())),
  };
}
