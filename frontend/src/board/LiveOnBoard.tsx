import { useCallback, useEffect, useMemo } from "react";
import type { Api } from "../api/client";
import { uuid } from "../api/ids";
import type { JobStore } from "../generation/jobStore";
import LiveLayer, { chosen } from "../live/LiveLayer";
import { resumeAfterBreaks } from "../live/resume";
import type { LiveRun } from "../room/messages";
import type { Notices } from "../ui/notices";
import type { CanvasSession } from "../canvas/CanvasSession";
import { LiveView } from "../canvas/LiveView";

interface Props {
  session: CanvasSession;
  api: Pick<Api, "generate">;
  board: string;
  jobs: JobStore;
  notices: Notices;
}

/** Live redraw on this canvas; its code is loaded when a frame is live for the first time. */
export default function LiveOnBoard({ session, api, board, jobs, notices }: Props) {
  const view = useMemo(() => new LiveView(session), [session]);
  useEffect(() => resumeAfterBreaks(session.room), [session]);
  const keep = useCallback(async ({ frame, params }: LiveRun) => {
    try {
      const region = view.region(frame);
      if (!region) return;
      const snapshot = await view.snapshot(frame);
      const job = await api.generate(board, { params: { ...chosen(params), count: 1 }, frame, region, snapshot, placement: "beside" }, uuid());
      jobs.expect(job.id);
      jobs.apply([job]);
    } catch (error) {
      notices.show({ key: "action", tone: "problem", text: error instanceof Error ? error.message : String(error) });
    }
  }, [view, api, board, jobs, notices]);
  return <LiveLayer room={session.room} board={view} notices={notices} keep={keep} />;
}
