import type { Job, JobImage } from "../api/types";
import { t, timeText } from "../language/t";

/** A picture that was made, with the job that it came from. */
export interface EarlierPicture {
  image: JobImage;
  job: Job;
}

/** Pictures of jobs in the order given, each once. */
export function picturesOf(jobs: readonly Job[]): EarlierPicture[] {
  return jobs.flatMap((job) => job.images.map((image) => ({ image, job })));
}

/** The list after its newest page was loaded again: older jobs stay behind it. */
export function renewed(before: readonly Job[], page: readonly Job[]): Job[] {
  const there = new Set(page.map(({ id }) => id));
  return [...page, ...before.filter(({ id }) => !there.has(id))];
}

/** Person and time of a job, as "Ana, today 14:05". */
export function whoAndWhen({ created_by, created_at }: Job, now: Date): string {
  const at = new Date(created_at);
  const time = timeText(at, { hour: "2-digit", minute: "2-digit" });
  const day = at.toDateString() === now.toDateString() ? t("today") : timeText(at, { day: "numeric", month: "short" });
  return `${created_by?.name ?? t("Someone")}, ${day} ${time}`;
}

/** The status of a picture in words; "" if it has none. */
export function standingWord({ standing }: JobImage): string {
  return standing ? { placed: t("On the board"), candidate: t("To choose from"), kept: t("Kept"), discarded: t("Discarded") }[standing] : "";
}
