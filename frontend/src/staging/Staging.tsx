import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createCandidatesApi } from "../api/candidates";
import type { Job } from "../api/types";
import { isInView } from "../generation/edge";
import { isInPlace } from "../generation/inPlace";
import { t, tn } from "../language/t";
import type { JobStore } from "../generation/jobStore";
import { CheckIcon, ChevronLeftIcon, ChevronRightIcon, CloseIcon } from "../ui/icons";
import type { Notices } from "../ui/notices";
import { candidatesOf, jobInHand, missing, neighbour, shownOf } from "./choice";
import type { StagingPort } from "./StagingPort";
import { useArrows } from "./useArrows";
import { useStaging } from "./useStaging";
import "./Staging.css";

interface Props {
  /** Base path of the API. */
  base: string;
  boardId: string;
  you: string;
  store: JobStore;
  board: StagingPort;
  notices: Notices;
  mayCancel(job: Job): boolean;
  onCancel(job: Job): void;
}

/**
 * The candidates of staged jobs: one lies over its frame, all are in a bar below the canvas. Everybody can flip through them;
 * people who may edit accept, keep or discard them for all.
 */
export default function Staging({ base, boardId, you, store, board, notices, mayCancel, onCancel }: Props) {
  const staged = useSyncExternalStore(store.subscribe, store.staged);
  const api = useMemo(() => createCandidatesApi(base, boardId), [base, boardId]);
  const actions = useStaging(api, store, board, notices, (job) => mayCancel(job) && onCancel(job));
  const [picked, setPicked] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Record<string, { id: string; at: number }>>({});
  const job = jobInHand(staged, picked, you);
  const shown = job && shownOf(job, chosen[job.id] ?? null);

  const look = (id: string) => {
    if (job) setChosen((before) => ({ ...before, [job.id]: { id, at: candidatesOf(job).findIndex((image) => image.id === id) } }));
  };
  const flip = (step: 1 | -1) => job && shown && look(neighbour(job, shown, step).id);
  useArrows(board, flip);
  const thumbs = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The keyboard goes along with the picture, but is not taken from elsewhere.
    if (thumbs.current?.contains(document.activeElement)) thumbs.current.querySelector<HTMLElement>("[aria-checked=true]")?.focus();
  }, [shown?.id]);
  const { overlay, isAway } = useOverlay(board, job);
  if (!job || !shown) return null;

  const candidates = candidatesOf(job);
  const at = candidates.indexOf(shown) + 1;
  const coming = missing(job);
  const next = staged[(staged.indexOf(job) + 1) % staged.length]!;
  const who = job.created_by?.id === you ? "" : `${job.created_by?.name ?? t("Someone")}: `;
  const words = `${who}${job.params.prompt || t("No prompt")}`;
  const locked = actions.busy || !board.mayEdit;
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation(); // keys pressed here are not shortcuts of the canvas
    const step = ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 } as const)[event.key as "ArrowRight"];
    if (!step) return;
    event.preventDefault();
    flip(step);
  };
  return (
    <>
      <div className="stage-layer">
        <div className="stage-overlay" ref={overlay}>
          <img src={shown.url} alt="" data-testid="stage-picture" data-image={shown.id} />
        </div>
      </div>
      <section className="ours stage-bar" aria-label={t("Pictures to choose from")} data-testid="stage-bar" onKeyDown={onKeyDown}>
        <div className="stage-line">
          <button type="button" className="stage-words" title={t("Show on the board")} onClick={() => board.show(job)}>
            <span>{words}</span> {isAway && <b>{t("Show")}</b>}
          </button>
          {staged.length > 1 && <button type="button" className="button small" onClick={() => setPicked(next.id)}>{t("Next of {n} choices", { n: staged.length })}</button>}
          {board.mayEdit && candidates.length > 1 && <button type="button" className="button small plain" disabled={locked} onClick={() => actions.discardAll(job)}><CloseIcon size={16} /> {t("Discard all")}</button>}
        </div>
        <div className="stage-strip">
          <button type="button" className="button plain icon" aria-label={t("Previous picture")} disabled={candidates.length < 2} onClick={() => flip(-1)}><ChevronLeftIcon /></button>
          <div className="stage-thumbs" ref={thumbs} role="radiogroup" aria-label={words}>
            {candidates.map((image, index) => (
              <button
                key={image.id} type="button" role="radio" aria-checked={image === shown} tabIndex={image === shown ? 0 : -1} data-testid="stage-thumb"
                aria-label={t("Picture {n} of {all}", { n: index + 1, all: candidates.length })} onClick={() => look(image.id)}
              >
                <img src={image.url} alt="" />
              </button>
            ))}
            {Array.from({ length: coming }, (_, index) => <span key={index} className="stage-coming" aria-hidden="true" />)}
          </div>
          <button type="button" className="button plain icon" aria-label={t("Next picture")} disabled={candidates.length < 2} onClick={() => flip(1)}><ChevronRightIcon /></button>
        </div>
        <p className="unseen" role="status">{t("Picture {n} of {all}", { n: at, all: candidates.length })}{coming ? `, ${tn(coming, "one more on the way", "{n} more on the way")}` : ""}. {words}</p>
        {board.mayEdit && (
          <div className="stage-deeds">
            <button type="button" className="button primary" data-testid="stage-accept" disabled={locked} title={t("Puts this picture on the board")} onClick={() => actions.accept(job, shown)}><CheckIcon size={17} /> {t("Accept")}</button>
            <button type="button" className="button" disabled={locked} title={t("Leaves it off the board, under “Earlier pictures”")} onClick={() => actions.keep(job, shown)}>{t("Keep for later")}</button>
            <button type="button" className="button" disabled={locked} onClick={() => actions.discard(job, shown)}>{t("Discard")}</button>
          </div>
        )}
      </section>
    </>
  );
}

/** Of a picture that fills its layer. */
const whole = { left: "", top: "", width: "", height: "" };

/** Keeps a layer over the frame of a job when the canvas moves, and says whether that is out of view. */
function useOverlay(board: StagingPort, job: Job | undefined) {
  const overlay = useRef<HTMLDivElement>(null);
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    if (!job) return;
    let frame = 0;
    const place = () => {
      frame = 0;
      const at = board.place(job);
      setAway(at !== null && !isInView(at, board.screen()));
      const layer = overlay.current;
      if (!layer) return;
      layer.hidden = !at;
      if (!at) return;
      const show = isInPlace(job) ? board.shownAs(job) : null;
      layer.style.transform = `translate(${at.x}px, ${at.y}px) ${show?.layer ?? ""}`;
      layer.style.width = `${at.width}px`;
      layer.style.height = `${at.height}px`;
      layer.classList.toggle("in-place", show !== null);
      Object.assign((layer.firstElementChild as HTMLElement).style, show?.picture ?? whole);
    };
    place();
    const stop = board.onMove(() => void (frame ||= requestAnimationFrame(place)));
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [board, job]);
  return { overlay, isAway };
}
