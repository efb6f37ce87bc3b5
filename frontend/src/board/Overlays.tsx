import { lazy, Suspense, useSyncExternalStore } from "react";
import type { Api } from "../api/client";
import type { CanvasSession } from "../canvas/CanvasSession";
import type { BoardConfig } from "../canvas/config";
import { Part } from "../errors/ErrorBoundary";
import { EdgeChip } from "../generation/EdgeChip";
import { JobOverlay } from "../generation/JobOverlay";
import type { JobStore } from "../generation/jobStore";
import type { Notices } from "../ui/notices";
import { FollowingChip } from "./FollowingChip";
import type { JobActions } from "./jobActions";
import { useLiveSeen } from "./useLiveSeen";
import { t } from "../language/t";

const LiveOnBoard = lazy(() => import("./LiveOnBoard"));
const Staging = lazy(() => import("../staging/Staging"));

interface Props {
  session: CanvasSession;
  api: Api;
  config: BoardConfig;
  jobs: JobStore;
  notices: Notices;
  actions: JobActions;
}

/** What lies over the canvas in screen space: running jobs, the live picture, pictures to choose from. */
export function Overlays({ session, api, config, jobs, notices, actions: { you, mayCancel, onCancel, onRetry } }: Props) {
  const board = config.board.id;
  const liveSeen = useLiveSeen(session.room);
  const choosing = useSyncExternalStore(jobs.subscribe, () => jobs.staged().length > 0);
  return (
    <>
      <FollowingChip following={session.following} />
      <Part name={t("The view of the jobs")}>
        <JobOverlay store={jobs} board={session.targeting} mayCancel={mayCancel} onCancel={onCancel} onRetry={onRetry} />
      </Part>
      <Part name={t("The sign to new pictures")}>
        <EdgeChip store={jobs} board={session.targeting} you={you} />
      </Part>
      {liveSeen && (
        <Part name={t("Live redraw")}>
          <Suspense>
            <LiveOnBoard session={session} api={api} board={board} jobs={jobs} notices={notices} />
          </Suspense>
        </Part>
      )}
      {choosing && (
        <Part name={t("The choice of pictures")}>
          <Suspense>
            <Staging base={config.api} boardId={board} you={you} store={jobs} board={session.targeting} notices={notices} mayCancel={mayCancel} onCancel={onCancel} />
          </Suspense>
        </Part>
      )}
    </>
  );
}
