import { useEffect, useState } from "react";
import { flushSync } from "react-dom";
import type { Api } from "../api/client";
import type { Checkpoint, Job } from "../api/types";
import { t } from "../language/t";
import { paramsOfImage } from "./again";
import type { BoardPort } from "./BoardPort";
import { recall, type Part } from "./form";
import type { Target } from "./target";
import "./PictureOrigin.css";

interface Props {
  api: Pick<Api, "job">;
  board: Pick<BoardPort, "aimAt">;
  origin: NonNullable<Target["origin"]>;
  checkpoints: readonly Checkpoint[];
  /** Called when this card has gone because the panel is at another target now, and its focus with it. */
  onLeft(): void;
}

/** How the selected picture was made, and buttons that bring that back. Nothing where this board does not know it. */
export default function PictureOrigin({ api, board, origin, checkpoints, onLeft }: Props) {
  const job = useJob(api, origin.job);
  const image = job?.images.find(({ id }) => id === origin.image);
  if (!job || !image) return null;
  const params = paramsOfImage(job, image);
  const use = (part: Part) => {
    // Everything belongs to the sketch that it was made from; the panel has to be there before it is filled in.
    const left = part === "all" && origin.source !== null && flushSync(() => board.aimAt(origin.source!));
    if (!left) return recall(params, part);
    flushSync(() => recall(params, part)); // before that the button may be disabled
    onLeft();
  };
  const checkpoint = checkpoints.find(({ name }) => name === params.checkpoint);
  const style = checkpoint?.styles.find(({ name }) => name === params.style);
  const { kind: name } = params;
  const kind = checkpoint && Object.hasOwn(checkpoint.kinds, name) ? checkpoint.kinds[name] : null;
  const facts = [checkpoint ? t(checkpoint.title) : params.checkpoint, kind && t(kind.title), style && t(style.title), `${image.width_px} × ${image.height_px}`, t("seed {seed}", { seed: String(image.seed) }).replaceAll(" ", "\u00a0")];
  return (
    <section className="origin" aria-label={t("How this picture was made")} data-testid="origin">
      <p className="origin-words">{params.prompt || t("No prompt")}</p>
      <p className="quiet origin-facts">{facts.filter(Boolean).join(" · ")}</p>
      <div className="origin-deeds">
        <button type="button" className="button small" title={t("Goes back to its sketch and brings back its words and all settings")} onClick={() => use("all")}>{t("Use again")}</button>
        {params.prompt && <button type="button" className="button small" onClick={() => use("prompt")}>{t("Use the words")}</button>}
        <button type="button" className="button small" title={t("The same seed gives a similar picture")} onClick={() => use("seed")}>{t("Use the seed")}</button>
      </div>
    </section>
  );
}

/** A job of this board; null while it is asked for, and where it is not to be seen from here. */
function useJob(api: Pick<Api, "job">, id: string): Job | null {
  const [job, setJob] = useState<Job | null>(null);
  useEffect(() => {
    let gone = false;
    api.job(id).then((found) => void (gone || setJob(found)), () => undefined);
    return () => void (gone = true);
  }, [api, id]);
  return job?.id === id ? job : null;
}
