import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createCandidatesApi } from "../api/candidates";
import type { Job } from "../api/types";
import type { JobStore } from "../generation/jobStore";
import { t } from "../language/t";
import { RadioGroup } from "../ui/RadioGroup";
import { picturesOf, renewed, standingWord, type EarlierPicture } from "./earlierPictures";
import { PictureCard } from "./PictureCard";
import type { StagingPort } from "./StagingPort";
import "./Pictures.css";

export interface PicturesProps {
  /** Base path of the API. */
  base: string;
  boardId: string;
  store: JobStore;
  board: StagingPort;
  /** Called when the next step happens on the canvas. */
  onAway(): void;
}

/** All pictures of a frame or of the board, newest first, discarded ones too. */
export default function Pictures({ base, boardId, store, board, onAway }: PicturesProps) {
  const api = useMemo(() => createCandidatesApi(base, boardId), [base, boardId]);
  const target = useSyncExternalStore(board.subscribe, board.target);
  const [wide, setWide] = useState(false);
  const frame = wide ? null : (target?.id ?? null);
  const [found, setFound] = useState<{ frame: string | null; jobs: readonly Job[]; next: string | null } | null>(null);
  const [problem, setProblem] = useState("");
  const [opened, setOpened] = useState<string | null>(null);

  const showError = useCallback((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)), []);
  const refresh = useCallback(() => {
    api.earlier(frame, null).then(({ items, next }) => {
      setProblem("");
      setFound((before) => (before?.frame === frame ? { frame, jobs: renewed(before.jobs, items), next: before.next } : { frame, jobs: items, next }));
    }, showError);
  }, [api, frame, showError]);
  useEffect(refresh, [refresh]);
  useEffect(() => store.onPictures(refresh), [store, refresh]);

  const here = found?.frame === frame ? found : null;
  const root = useRef<HTMLDivElement>(null);
  const loaded = found !== null;
  useEffect(() => {
    if (loaded) root.current?.closest("details")?.scrollIntoView({ block: "start", behavior: "smooth" }); // it opens downwards
  }, [loaded]);
  const pictures = useMemo(() => picturesOf(here?.jobs ?? []), [here]);
  const open = pictures.find(({ image }) => image.id === opened);
  const older = () => {
    if (here?.next) api.earlier(frame, here.next).then(({ items, next }) => setFound({ frame, jobs: renewed(items, here.jobs), next }), showError);
  };
  const run = (action: Promise<Job>) => void action.then((job) => { setProblem(""); store.apply([job]); refresh(); }, showError);

  if (open) return <PictureCard picture={open} problem={problem} mayEdit={board.mayEdit} board={board} api={api} onRun={run} onExpect={(id) => store.expect(id)} onAway={onAway} onBack={() => setOpened(null)} />;
  return (
    <div className="earlier" ref={root}>
      {target && (
        <RadioGroup
          label={t("Which pictures")} value={wide ? "board" : "target"} onChoose={(which) => setWide(which === "board")}
          options={[{ value: "target", content: target.shape === "frame" ? t("This frame") : t("This picture") }, { value: "board", content: t("Whole board") }]}
        />
      )}
      {problem && <p className="error" role="alert">{problem} <button type="button" className="button small" onClick={refresh}>{t("Try again")}</button></p>}
      {!here && !problem && <p className="quiet" role="status">{t("Loading pictures…")}</p>}
      {here && !pictures.length && <p className="quiet">{t("No pictures yet. Every picture made here is kept here, even a discarded one.")}</p>}
      <ul className="earlier-grid">
        {pictures.map((picture) => <li key={picture.image.id}><Thumbnail picture={picture} onOpen={() => setOpened(picture.image.id)} /></li>)}
      </ul>
      {here?.next && <button type="button" className="button small" onClick={older}>{t("Show older")}</button>}
    </div>
  );
}

function Thumbnail({ picture: { image, job }, onOpen }: { picture: EarlierPicture; onOpen(): void }) {
  const word = standingWord(image);
  return (
    <button type="button" className="earlier-picture" data-standing={image.standing ?? ""} data-testid="earlier-picture" title={`${job.params.prompt}${word && ` (${word})`}`} onClick={onOpen}>
      <img src={image.url} alt={`${job.params.prompt || t("No prompt")}${word && `, ${word}`}`} loading="lazy" />
    </button>
  );
}
