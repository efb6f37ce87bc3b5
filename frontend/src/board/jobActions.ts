import type { Api } from "../api/client";
import { uuid } from "../api/ids";
import type { Job } from "../api/types";
import type { JobStore } from "../generation/jobStore";
import type { QueueActions } from "../generation/Queue";

interface Person {
  id: string;
  isOwner: boolean;
}

export interface JobActions extends QueueActions {
  onRetry(job: Job): void;
}

/** What this person may do with the jobs of the board. onError: called when the server refuses. */
export function jobActions(api: Api, boardId: string, jobs: JobStore, you: Person, onError: (error: unknown) => void): JobActions {
  const update = (job: Promise<Job>) => void job.then((after) => jobs.apply([after]), onError);
  const retry = async (job: Job) => {
    const again = await api.retry(job.id, uuid());
    if (again.placement !== "stage") jobs.expect(again.id);
    return { ...again, retry_of: job.id };
  };
  return {
    you: you.id,
    mayCancel: (job) => you.isOwner || job.created_by?.id === you.id,
    onCancel: (job) => update(api.cancel(job.id)),
    onCancelMine: () => void api.cancelMine(boardId).then((after) => jobs.apply(after), onError),
    onRunNext: you.isOwner ? (job) => update(api.runNext(job.id)) : undefined,
    onRetry: (job) => update(retry(job)),
  };
}
