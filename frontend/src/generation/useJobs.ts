import { useEffect, useState, useSyncExternalStore } from "react";
import type { Job } from "../api/types";
import type { JobStore } from "./jobStore";

export function useJobs(store: JobStore): readonly Job[] {
  return useSyncExternalStore(store.subscribe, store.list);
}

/** The last announcement about a job, for a live region. */
export function useJobAnnouncement(store: JobStore): string {
  const [text, setText] = useState("");
  useEffect(() => store.onAnnouncement(({ text }) => setText(text)), [store]);
  return text;
}

/** The status of a job in words, as "Waiting…" or "step 3 of 12". */
export function statusText(job: Job): string {
  if (job.cancel_requested && (job.status === "running" || job.status === "queued")) return "Cancelling…";
  if (job.status === "failed") return job.error?.message ?? "It failed.";
  if (job.status === "running") return job.step ? `step ${job.step} of ${job.steps}` : "Starting…";
  const ahead = (job.position ?? 1) - 1;
  const wait = job.eta_seconds ? `, about ${duration(job.eta_seconds)}` : "";
  return ahead > 0 ? `Waiting… ${ahead} ahead${wait}` : `Waiting…${wait && ` ${wait.slice(2)}`}`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}
