import { useState } from "react";
import type { CandidatesApi, Verb } from "../api/candidates";
import type { Job, JobImage } from "../api/types";
import { t, tn } from "../language/t";
import type { JobStore } from "../generation/jobStore";
import type { Notices } from "../ui/notices";
import { candidatesOf } from "./choice";
import type { StagingPort } from "./StagingPort";

const notice_seconds = 15;
const watched_ms = 600_000; // an undo comes soon or never

export interface StagingActions {
  busy: boolean;
  accept(job: Job, image: JobImage): void;
  keep(job: Job, image: JobImage): void;
  discard(job: Job, image: JobImage): void;
  discardAll(job: Job): void;
}

/** A notice, with the action that takes it back. */
interface Outcome {
  text: string;
  back: { label: string; verb(): Promise<Job> };
  holds?(): boolean;
}

/** Accepts, keeps and discards candidates; each shows a notice with the way to undo it. */
export function useStaging(api: CandidatesApi, store: JobStore, board: Pick<StagingPort, "has" | "onMove">, notices: Notices, onCancel: (job: Job) => void): StagingActions {
  const [busy, setBusy] = useState(false);

  const notify = ({ text, back, holds }: Outcome) => {
    notices.show({ key: "staging", text, holds, seconds: notice_seconds, action: { label: back.label, run: () => void run(back.verb, () => null) } });
  };
  const run = async (action: () => Promise<Job>, outcomeOf: (job: Job) => Outcome | null) => {
    setBusy(true);
    try {
      const job = await action();
      store.apply([job]);
      const outcome = outcomeOf(job);
      if (outcome) notify(outcome);
    } catch (error) {
      notices.show({ key: "staging", tone: "problem", text: error instanceof Error ? error.message : String(error) });
    }
    setBusy(false);
  };
  const put = (job: Job, image: JobImage | null, verb: Verb) => () => api.put(job.id, image?.id ?? null, verb);

  return {
    busy,
    accept(job, image) {
      store.expect(image.id); // before the answer: the picture itself may be faster
      const others = candidatesOf(job).length - 1;
      const again = { label: t("Choose again"), verb: put(job, null, "restore") };
      void run(
        () => api.accept(job.id, image.id, true),
        (after) => {
          const element = after.images.find(({ id }) => id === image.id)?.element_id;
          const placed = others > 0 ? { text: tn(others, "Placed on the board. The other one is kept under “Earlier pictures”.", "Placed on the board. The other {n} are kept under “Earlier pictures”."), back: again } : null;
          if (!element) return placed;
          const removed = { text: t("The picture was removed from the board."), back: again, holds: () => !board.has(element) };
          onStanding(board, element, (here) => (here ? placed && notify(placed) : notify(removed)));
          return placed;
        },
      );
    },
    keep(job, image) {
      void run(put(job, image, "keep"), () => ({ text: t("Kept under “Earlier pictures”."), back: { label: t("Bring back"), verb: put(job, image, "restore") } }));
    },
    discard(job, image) {
      void run(put(job, image, "discard"), () => ({ text: t("Discarded."), back: { label: t("Bring back"), verb: put(job, image, "restore") } }));
    },
    discardAll(job) {
      const discarded = candidatesOf(job);
      if (job.status === "running") onCancel(job); // what is still being made is not wanted either
      const restore = async () => {
        let last = job;
        for (const image of discarded) last = await api.put(job.id, image.id, "restore");
        return last;
      };
      void run(put(job, null, "discard"), () => ({ text: tn(discarded.length, "Discarded.", "{n} pictures discarded."), back: { label: t("Bring back"), verb: restore } }));
    },
  };
}

/** Calls `changed` whenever an element leaves the board after it was there, and when it comes back, as by undo and redo. */
function onStanding(board: Pick<StagingPort, "has" | "onMove">, id: string, changed: (here: boolean) => void): void {
  let seen = false;
  let here = false;
  const stop = board.onMove(() => {
    const was = here;
    here = board.has(id);
    if (here === was) return;
    if (seen) changed(here);
    seen = true;
  });
  setTimeout(stop, watched_ms);
}
