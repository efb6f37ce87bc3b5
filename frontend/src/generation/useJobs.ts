import { useEffect, useState, useSyncExternalStore } from "react";
import type { Job } from "../api/types";
import type { JobStore } from "./jobStore";
import { errorText, t } from "../language/t";

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
  if (job.cancel_requested && (job.status === "running" || job.status === "queued")) return t("Cancelling…");
  if (job.status === "failed") return job.error ? errorText(job.error.code, job.error.message) : t("It failed.");
  if (job.status === "running") return job.step ? t("step {n} of {all}", { n: job.step, all: job.steps ?? 1 }) : t("Starting…");
  const ahead = (job.position ?? 1) - 1;
  const time = job.eta_seconds ? duration(job.eta_seconds) : "";
  if (ahead > 0) return time ? t("Waiting… {n} ahead, about {time}", { n: ahead, time }) : t("Waiting… {n} ahead", { n: ahead });
  return time ? t("Waiting… about {time}", { time }) : t("Waiting…");
}

function duration(seconds: number): string {
  return seconds < 90 ? t("{n} s", { n: Math.max(1, Math.round(seconds)) }) : t("{n} min", { n: Math.round(seconds / 60) });
}
