import { useEffect, useRef, useSyncExternalStore } from "react";
import type { Job } from "../api/types";
import { RetryIcon } from "../ui/icons";
import type { BoardPort } from "./BoardPort";
import { statusText, useJobAnnouncement, useJobs } from "./useJobs";
import { isInPlace } from "./inPlace";
import type { JobStore } from "./jobStore";
import { t } from "../language/t";
import "./JobOverlay.css";

interface Props {
  store: JobStore;
  board: BoardPort;
  mayCancel(job: Job): boolean;
  onCancel(job: Job): void;
  onRetry(job: Job): void;
}

/**
 * A card at the place of each job's picture, while it waits, runs or failed, in screen space below Excalidraw's panels.
 *
 * Not an element of the scene: it cannot be moved, deleted or undone, and is in no export. Of several jobs at one place the first
 * fills the frame, the others are lines below it; so is the first where the frame is smaller than its words.
 */
export function JobOverlay({ store, board, mayCancel, onCancel, onRetry }: Props) {
  const jobs = useJobs(store);
  const staged = useSyncExternalStore(store.subscribe, store.staged);
  const announcement = useJobAnnouncement(store);
  const root = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let frame = 0;
    const place = () => {
      frame = 0;
      root.current?.querySelectorAll<HTMLElement>("[data-job]").forEach((card) => {
        const job = jobs.find(({ id }) => id === card.dataset.job);
        const at = job && board.place(job);
        card.hidden = !at;
        if (!at) return;
        const cramped = at.width < 110 || at.height < 90;
        const below = Number(card.dataset.rank) + Number(cramped);
        card.style.transform = `translate(${at.x}px, ${below ? at.y + at.height + 8 + (below - 1) * 44 : at.y}px)`;
        card.style.width = below ? "max-content" : `${at.width}px`;
        card.style.minWidth = below ? `${at.width}px` : "";
        card.style.height = below ? "36px" : `${at.height}px`;
        card.dataset.line = String(below > 0);
        card.dataset.small = String(!below && (at.width < 190 || at.height < 120));
      });
    };
    const ask = () => {
      frame ||= requestAnimationFrame(place);
    };
    place();
    const stop = board.onMove(ask);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [jobs, board]);

  return (
    <div className="ours job-overlays" ref={root}>
      <p className="unseen" role="status" aria-live="polite">{announcement}</p>
      {ranked(jobs, staged).map(({ job, rank }) => (
        <JobCard key={job.id} job={job} rank={rank} mayCancel={mayCancel(job)} mayRetry={board.mayEdit} onCancel={() => onCancel(job)} onRetry={() => onRetry(job)} onDismiss={() => store.dismiss(job.id)} />
      ))}
    </div>
  );
}

interface CardProps {
  job: Job;
  rank: number;
  mayCancel: boolean;
  mayRetry: boolean;
  onCancel(): void;
  onRetry(): void;
  onDismiss(): void;
}

function JobCard({ job, rank, mayCancel, mayRetry, onCancel, onRetry, onDismiss }: CardProps) {
  const fraction = job.steps ? (job.step ?? 0) / job.steps : 0;
  const failed = job.status === "failed";
  return (
    <div className="job-card" data-testid="job-overlay" data-job={job.id} data-rank={rank} data-status={job.status} role="group" aria-label={`${job.created_by?.name ?? t("Someone")}: ${statusText(job)}`}>
      {job.preview_url && !failed && rank === 0 && !isInPlace(job) && <img className="job-preview" src={job.preview_url} alt="" />}
      <div className="job-plate">
        <strong>{job.created_by?.name ?? t("Someone")}</strong>
        <span className="job-standing">{statusText(job)}</span>
        {!failed && (
          <div className="job-bar" role="progressbar" aria-label={t("Progress")} aria-valuemin={0} aria-valuemax={job.steps ?? 1} aria-valuenow={job.step ?? 0} data-waiting={job.status === "queued"}>
            <i style={{ width: `${fraction * 100}%` }} />
          </div>
        )}
        <div className="job-actions">
          {!failed && mayCancel && <button type="button" className="button small" onClick={onCancel} disabled={job.cancel_requested}>{t("Cancel")}</button>}
          {failed && mayRetry && <button type="button" className="button small primary" onClick={onRetry}><RetryIcon size={15} /> {t("Try again")}</button>}
          {failed && <button type="button" className="button small" onClick={onDismiss}>{t("Dismiss")}</button>}
        </div>
      </div>
    </div>
  );
}

/** Rank of each job at its place: 0 fills the frame, others go below. A staged job takes rank 0. */
function ranked(jobs: readonly Job[], staged: readonly Job[]): { job: Job; rank: number }[] {
  const count = new Map(staged.map((job) => [placeOf(job), 1]));
  return jobs.map((job) => {
    const place = placeOf(job);
    const rank = count.get(place) ?? 0;
    count.set(place, rank + 1);
    return { job, rank };
  });
}

function placeOf({ frame, region, spots }: Job): string {
  return `${frame} ${JSON.stringify(spots[0] ?? region)}`;
}
