import type { Job, JobImage } from "../api/types";

/** Which candidates there are, and which one is shown. Pure. */

export function candidatesOf(job: Job): JobImage[] {
  return job.images.filter(({ standing }) => standing === "candidate");
}

/** The candidate that is shown: the chosen one, or the one at its position once it is gone. */
export function shownOf(job: Job, chosen: { id: string; at: number } | null): JobImage | undefined {
  const candidates = candidatesOf(job);
  return candidates.find(({ id }) => id === chosen?.id) ?? candidates[Math.min(chosen?.at ?? 0, candidates.length - 1)];
}

/** The next candidate in a direction, cyclic. */
export function neighbour(job: Job, shown: JobImage, step: 1 | -1): JobImage {
  const candidates = candidatesOf(job);
  const at = candidates.findIndex(({ id }) => id === shown.id);
  return candidates[(at + step + candidates.length) % candidates.length]!;
}

/** How many pictures of a job are still being made. */
export function missing({ status, params, images }: Job): number {
  return status === "running" || status === "queued" ? Math.max(0, (params.count ?? 1) - images.length) : 0;
}

/** The job to choose from: the one that was picked, else the newest of mine, else the newest of all. */
export function jobInHand(staged: readonly Job[], picked: string | null, you: string): Job | undefined {
  return staged.find(({ id }) => id === picked) ?? staged.find(({ created_by }) => created_by?.id === you) ?? staged[0];
}
