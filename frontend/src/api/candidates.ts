import { createCall } from "./client";
import type { Job, Schemas } from "./types";

export type Verb = "keep" | "discard" | "restore";
export type JobPage = Schemas["JobPage"];

/** What becomes of pictures, and which there were. Every act answers with the job as it is then. */
export interface CandidatesApi {
  /** keep_others: the other candidates are put away. */
  accept(job: string, image: string, keep_others: boolean): Promise<Job>;
  /** image: null for all of the job's. */
  put(job: string, image: string | null, verb: Verb): Promise<Job>;
  /** Jobs with pictures, the newest first; frame: of that frame or picture alone. */
  earlier(frame: string | null, cursor: string | null): Promise<JobPage>;
}

/** base: where the API lies. */
export function createCandidatesApi(base: string, board: string, fetcher?: typeof fetch): CandidatesApi {
  const call = createCall(base, fetcher);
  return {
    accept: (job, image, keep_others) => call("POST", `/jobs/${job}/images/${image}/accept`, { keep_others }),
    put: (job, image, verb) => call("POST", `/jobs/${job}/images/${image ? `${image}/` : ""}${verb}`),
    earlier: (frame, cursor) => {
      const query = new URLSearchParams({ board, with_pictures: "true", limit: "30" });
      if (frame) query.set("frame", frame);
      if (cursor) query.set("cursor", cursor);
      return call("GET", `/jobs?${query}`);
    },
  };
}
