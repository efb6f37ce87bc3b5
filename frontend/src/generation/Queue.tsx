import type { Job } from "../api/types";
import { CloseIcon } from "../ui/icons";
import { standing } from "./useJobs";

interface Props {
  jobs: readonly Job[];
  mayCancel(job: Job): boolean;
  onCancel(job: Job): void;
  onShow(job: Job): void;
}

/** What is being made on this board, mine and others'. Empty: nothing is shown at all. */
export function Queue({ jobs, mayCancel, onCancel, onShow }: Props) {
  const active = jobs.filter(({ status }) => status !== "failed");
  if (!active.length) return null;
  return (
    <section className="queue" aria-label="Being made">
      <h3>Being made</h3>
      <ul>
        {active.map((job) => (
          <li key={job.id} data-testid="queue-item">
            <button type="button" className="queue-show" onClick={() => onShow(job)} title="Show on the board">
              <span className="queue-prompt">{job.params.prompt || "No words"}</span>
              <span className="quiet">{job.created_by?.name ?? "Someone"} · {standing(job)}</span>
            </button>
            {mayCancel(job) && (
              <button type="button" className="button plain icon" aria-label={`Cancel “${job.params.prompt}”`} onClick={() => onCancel(job)}>
                <CloseIcon size={16} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
