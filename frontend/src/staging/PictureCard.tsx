import { useEffect, useRef, useState } from "react";
import type { CandidatesApi } from "../api/candidates";
import type { Job } from "../api/types";
import { t } from "../language/t";
import { paramsOfImage } from "../generation/again";
import { recall, type Part } from "../generation/form";
import { ChevronLeftIcon } from "../ui/icons";
import { standingWord, whoAndWhen, type EarlierPicture } from "./earlierPictures";
import type { StagingPort } from "./StagingPort";

interface Props {
  picture: EarlierPicture;
  problem: string;
  mayEdit: boolean;
  board: StagingPort;
  api: CandidatesApi;
  onRun(action: Promise<Job>): void;
  /** Called before a picture is placed by this page. */
  onExpect(image: string): void;
  onAway(): void;
  onBack(): void;
}

const parts = (): { part: Part; label: string; hint: string }[] => [
  { part: "all", label: t("Everything"), hint: t("Prompt and all settings, including the seed") },
  { part: "prompt", label: t("Prompt"), hint: t("Only the prompt") },
  { part: "seed", label: t("Seed"), hint: t("Only the seed") },
  { part: "size", label: t("Size"), hint: t("Only the size in pixels") },
];

/** One earlier picture: its snapshot, prompt, person and time, and what of it can be used again. */
export function PictureCard({ picture: { image, job }, problem, mayEdit, board, api, onRun, onExpect, onAway, onBack }: Props) {
  const [sketch, setSketch] = useState(false);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    back.current!.focus({ preventScroll: true });
    back.current!.closest("details")?.scrollIntoView({ block: "start" });
  }, []);
  const { prompt } = job.params;
  const element = image.standing === "placed" ? image.element_id : null;
  const show = () => {
    onAway();
    if (element && board.showElement(element)) return;
    if (!mayEdit) return board.show(job);
    onExpect(image.id);
    onRun(api.accept(job.id, image.id, false));
  };
  const word = standingWord(image);
  return (
    <div className="earlier" data-testid="earlier-card">
      <button ref={back} type="button" className="button plain small earlier-back" onClick={onBack}><ChevronLeftIcon size={16} /> {t("All pictures")}</button>
      <figure className="earlier-large">
        {sketch && job.snapshot_url ? <img src={job.snapshot_url} alt={t("What the model saw")} data-testid="what-the-model-saw" /> : <img src={image.url} alt={prompt || t("No prompt")} />}
        <figcaption>{sketch ? t("What the model saw") : word || t("Not on the board")}</figcaption>
      </figure>
      {job.snapshot_url && <button type="button" className="button small" aria-pressed={sketch} onClick={() => setSketch(!sketch)}>{sketch ? t("Show the picture") : t("What the model saw")}</button>}
      <p className="earlier-prompt">{prompt || t("No prompt")}</p>
      <p className="quiet earlier-facts">{whoAndWhen(job, new Date())}<br />{image.width_px} × {image.height_px} · {t("seed {seed}", { seed: String(image.seed) })}</p>
      {problem && <p className="error" role="alert">{problem}</p>}
      <div className="earlier-deeds">
        {(mayEdit || element) && <button type="button" className="button primary" data-testid="earlier-place" onClick={show}>{element ? t("Show on the board") : t("Place on the board")}</button>}
        {mayEdit && !element && image.standing === "discarded" && <button type="button" className="button" onClick={() => onRun(api.put(job.id, image.id, "keep"))}>{t("Keep for later")}</button>}
        {mayEdit && !element && image.standing !== "discarded" && image.standing && <button type="button" className="button" onClick={() => onRun(api.put(job.id, image.id, "discard"))}>{t("Discard")}</button>}
      </div>
      {mayEdit && (
        <div className="field">
          <span className="label">{t("Use again")}</span>
          <div className="earlier-parts" role="group" aria-label={t("Use again")}>
            {parts().map(({ part, label, hint }) => (
              <button key={part} type="button" className="button small" title={hint} data-part={part} onClick={() => recall(paramsOfImage(job, image), part)}>{label}</button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
