import { useEffect, useRef, useState } from "react";
import type { Job } from "../api/types";
import { t } from "../language/t";
import { CloseIcon } from "../ui/icons";
import type { BoardPort } from "./BoardPort";
import { edgeOf, type Side } from "./edge";
import type { JobStore } from "./jobStore";
import { useJobs } from "./useJobs";
import "./EdgeChip.css";

interface Props {
  store: JobStore;
  board: BoardPort;
  /** Id of the person at this page. */
  you: string;
}

/**
 * A chip at the edge of the canvas for a picture that is out of view: a new one of anybody, or how far one's own is. A click
 * goes there, × or Escape takes it away; it goes by itself when the picture comes into view. The view never moves by itself.
 */
export function EdgeChip({ store, board, you }: Props) {
  const jobs = useJobs(store);
  const [ready, setReady] = useState<Job | null>(null);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const [side, setSide] = useState<Side | null>(null);
  const chip = useRef<HTMLDivElement>(null);

  useEffect(() => store.onAnnouncement(({ job }) => {
    if (job.status === "succeeded" && pictureOf(job)) setReady(job);
  }), [store]);

  const drawing = jobs.find((job) => job.created_by?.id === you && job.status === "running" && job.id !== dismissed);
  const job = ready ?? drawing ?? null;
  const picture = ready && pictureOf(ready);

  useEffect(() => {
    if (!job) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      const place = picture ? board.placeOf(picture) : board.place(job);
      const size = chip.current ?? { offsetWidth: 0, offsetHeight: 0 };
      const edge = place && edgeOf(place, board.screen(), { width: size.offsetWidth, height: size.offsetHeight });
      setSide(edge?.side ?? null);
      if (chip.current && edge) chip.current.style.transform = `translate(${edge.x - size.offsetWidth / 2}px, ${edge.y - size.offsetHeight / 2}px)`;
      if (picture && place && !edge) setReady(null); // it was seen
    };
    const ask = () => {
      frame ||= requestAnimationFrame(look);
    };
    ask();
    const stop = board.onMove(ask);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [board, job, picture, side]);

  const shown = job && side;
  const dismiss = () => (ready ? setReady(null) : setDismissed(job?.id ?? null));
  const show = () => void (picture ? board.showElement(picture) : job && board.show(job));
  return (
    <>
      <p className="unseen" role="status">{shown && ready ? readyWhere(side) : ""}</p>
      {shown && (
        <div className="ours edge-chip" ref={chip} data-testid="edge-chip" data-side={side} data-state={ready ? "ready" : "drawing"} onKeyDown={(event) => event.key === "Escape" && dismiss()}>
          <button type="button" className="edge-show" onClick={show}>
            <i aria-hidden="true">{arrows[side]}</i> {ready ? t("Picture ready") : progressText(job)} <b>{t("Show")}</b>
          </button>
          <button type="button" className="edge-close" aria-label={t("Dismiss")} onClick={dismiss}><CloseIcon size={16} /></button>
        </div>
      )}
    </>
  );
}

const arrows: Record<Side, string> = { left: "←", right: "→", above: "↑", below: "↓" };

function readyWhere(side: Side): string {
  switch (side) {
    case "left":
      return t("Picture ready, to the left of what you see.");
    case "right":
      return t("Picture ready, to the right of what you see.");
    case "above":
      return t("Picture ready, above what you see.");
    case "below":
      return t("Picture ready, below what you see.");
  }
}

function progressText({ step, steps }: Job): string {
  return t("Drawing… {percent} %", { percent: steps ? Math.round((100 * (step ?? 0)) / steps) : 0 });
}

/** The element of a job's first picture on the board. */
function pictureOf({ images }: Job): string | null {
  return images.find(({ element_id }) => element_id)?.element_id ?? null;
}
