import type { Job } from "../api/types";
import { errorText, t } from "../language/t";

/** A change of a job's status, with a sentence for screen readers. */
export interface JobAnnouncement {
  job: Job;
  text: string;
}

/** The job and the picture that an element shows, or that removed it. */
interface Maker {
  job?: string;
  image?: string;
}

/**
 * The jobs of this board that are shown: waiting, running, failed and not dismissed, or with candidates.
 *
 * Filled by the room's messages alone, so every page shows the same, also after a reload.
 */
export class JobStore {
  private jobs: ReadonlyMap<string, Job> = new Map();
  private listing: readonly Job[] = [];
  private choices: readonly Job[] = [];
  private readonly own = new Set<string>();
  private readonly dismissed = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private readonly announcementListeners = new Set<(announcement: JobAnnouncement) => void>();
  private readonly pictureListeners = new Set<() => void>();

  /** In the order in which they are made. Stable between changes. */
  readonly list = (): readonly Job[] => this.listing;

  /** Those with pictures to choose from, the newest first. Stable between changes. */
  readonly staged = (): readonly Job[] => this.choices;

  /** Notes the id of a job or picture that was requested on this page: its element will be this page's own edit. */
  expect(id: string): void {
    this.own.add(id);
  }

  /** True if a job or picture of this page wrote this note. before: the note that it replaces. */
  isOwn({ job, image }: Maker, before: Maker = {}): boolean {
    if (before.job === job && before.image === image) return false;
    return (job !== undefined && this.own.has(job)) || (image !== undefined && this.own.has(image));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  onAnnouncement(listener: (announcement: JobAnnouncement) => void): () => void {
    this.announcementListeners.add(listener);
    return () => void this.announcementListeners.delete(listener);
  }

  /** Calls the listener when pictures were made, placed, kept or discarded. */
  onPictures(listener: () => void): () => void {
    this.pictureListeners.add(listener);
    return () => void this.pictureListeners.delete(listener);
  }

  /** all: `arrived` are all jobs of the board; others here are over. */
  apply(arrived: readonly Job[], all = false): void {
    const next = new Map(all ? [] : this.jobs);
    for (const job of arrived) {
      const before = this.jobs.get(job.id);
      const kept = before && job.preview_url === undefined ? { ...job, preview_url: before.preview_url } : job;
      if (job.retry_of) next.delete(job.retry_of);
      if ((isShown(job) || isStaged(job)) && !this.dismissed.has(job.id)) next.set(job.id, kept);
      else next.delete(job.id);
      if (before && before.status !== job.status) this.announce(job);
    }
    this.keep(next);
    if (arrived.some(({ images }) => images.length)) for (const listener of this.pictureListeners) listener();
  }

  progress(id: string, step: number, steps: number, preview_url?: string | null): void {
    const job = this.jobs.get(id);
    if (!job) return;
    const moved = { ...job, status: "running" as const, step, steps, preview_url: preview_url ?? job.preview_url };
    this.keep(new Map(this.jobs).set(id, moved));
    if (job.status === "queued") this.announce(moved);
  }

  /** Hides a failed job on this page only. */
  dismiss(id: string): void {
    this.dismissed.add(id);
    const next = new Map(this.jobs);
    next.delete(id);
    this.keep(next);
  }

  private keep(jobs: ReadonlyMap<string, Job>): void {
    this.jobs = jobs;
    const all = [...jobs.values()].sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    this.listing = all.filter(isShown).sort((a, b) => turn(a) - turn(b));
    this.choices = all.filter(isStaged).reverse();
    for (const listener of this.listeners) listener();
  }

  private announce(job: Job): void {
    const text = announcement(job);
    if (text) for (const listener of this.announcementListeners) listener({ job, text });
  }
}

function isShown({ status }: Job): boolean {
  return status === "queued" || status === "running" || status === "failed";
}

/** Sort key: running first, then waiting by position, then failed. */
function turn({ status, position }: Job): number {
  return status === "running" ? 0 : status === "queued" ? (position ?? 1e6) : 1e9;
}

function isStaged({ images }: Job): boolean {
  return images.some(({ standing }) => standing === "candidate");
}

function announcement(job: Job): string {
  const name = job.created_by?.name ?? t("Someone");
  switch (job.status) {
    case "running":
      return t("{name}’s picture is being made.", { name });
    case "succeeded":
      return isStaged(job) ? t("{name}’s pictures are ready to choose from.", { name }) : t("{name}’s picture is ready.", { name });
    case "failed":
      return t("{name}’s picture failed: {reason}", { name, reason: job.error ? errorText(job.error.code, job.error.message) : t("unknown reason") });
    case "cancelled":
      return t("{name}’s picture was cancelled.", { name });
    default:
      return "";
  }
}
