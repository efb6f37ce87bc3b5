import type { Job } from "../api/types";
import { CloseIcon } from "../ui/icons";
import { statusText } from "./useJobs";
import { t } from "../language/t";

/** What can be done with the jobs of the queue. */
export interface QueueActions {
  /** Id of the person at this page. */
  you: string;
  mayCancel(job: Job): boolean;
  onCancel(job: Job): void;
  onCancelMine(): void;
  /** Absent unless this person owns the board. */
  onRunNext?(job: Job): void;
}

interface Props extends QueueActions {
  jobs: readonly Job[];
  onShow(job: Job): void;
}

/** The board's waiting and running jobs; renders nothing when there is none. */
export function Queue({ jobs, you, mayCancel, onCancel, onCancelMine, onRunNext, onShow }: Props) {
  const active = jobs.filter(({ status }) => status !== "failed");
  if (!active.length) return null;
  const mine = active.filter(({ created_by }) => created_by?.id === you);
  return (
    <section className="queue" aria-label={t("In progress")}>
      <div className="queue-head">
        <h3>{t("In progress")}</h3>
        {mine.length > 1 && <button type="button" className="button small" data-testid="cancel-mine" onClick={onCancelMine}>{t("Cancel all my jobs")}</button>}
      </div>
      <ul>
        {active.map((job) => (
          <li key={job.id} data-testid="queue-item">
            <button type="button" className="queue-show" onClick={() => onShow(job)} title={t("Show on the board")}>
              <span className="queue-prompt">{job.params.prompt || t("No prompt")}</span>
              <span className="quiet">{job.created_by?.name ?? t("Someone")} · {statusText(job)}</span>
            </button>
            {onRunNext && isPassable(job, active) && (
              <button type="button" className="button small" aria-label={t("Run “{prompt}” next", { prompt: job.params.prompt })} title={t("Runs it before the others on this board")} onClick={() => onRunNext(job)}>{t("Run next")}</button>
            )}
            {mayCancel(job) && (
              <button type="button" className="button plain icon" aria-label={t("Cancel “{prompt}”", { prompt: job.params.prompt })} onClick={() => onCancel(job)}>
                <CloseIcon size={16} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** True if another job of this board waits before it. */
function isPassable(job: Job, jobs: readonly Job[]): boolean {
  const place = ({ status, position }: Job) => (status === "queued" ? (position ?? Infinity) : Infinity);
  return job.status === "queued" && jobs.some((other) => place(other) < place(job));
}
