import type { Job, JobImage } from "../api/types";

/** A picture that was made, with the job that it came from. */
export interface EarlierPicture {
  image: JobImage;
  job: Job;
}

/** Pictures of jobs in the order given, each once. */
export function picturesOf(jobs: readonly Job[]): EarlierPicture[] {
  return jobs.flatMap((job) => job.images.map((image) => ({ image, job })));
}

/** The newest page looked at again: older ones that are here stay behind it. */
export function renewed(before: readonly Job[], page: readonly Job[]): Job[] {
  const there = new Set(page.map(({ id }) => id));
  return [...page, ...before.filter(({ id }) => !there.has(id))];
}

/** "Ana, today 14:05": who asked for it, and when. */
export function whoAndWhen({ created_by, created_at }: Job, now: Date): string {
  const at = new Date(created_at);
  const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(at);
  const day = at.toDateString() === now.toDateString() ? "today" : new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(at);
  return `${created_by?.name ?? "Someone"}, ${day} ${time}`;
}

/** Where a picture stands, in a word; "" where there is nothing to say. */
export function standingWord({ standing }: JobImage): string {
  return standing ? { placed: "On the board", candidate: "To choose from", kept: "Kept", discarded: "Discarded" }[standing] : "";
}
