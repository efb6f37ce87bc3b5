import type { ReactNode } from "react";
import type { Sees } from "../api/types";
import { t } from "../language/t";
import { FrameIcon, PictureIcon, SparkIcon } from "../ui/icons";
import type { Target } from "./target";
import type { Thumbnail } from "./useThumbnail";

interface Props {
  target: Target | null;
  sees: Sees;
  /** It is marked what to repaint, for what sees that. */
  marked: boolean;
  /** Small pictures of what the model sees and of what it repaints. */
  thumbnail: Thumbnail;
  mayDraw: boolean;
  onDrawRegion(): void;
  /** Asked for instead where there is no pointer. */
  onFrameSelection(): void;
  onFinish(draft: NonNullable<Target["draft"]>): void;
  /** Shown below a target. */
  children?: ReactNode;
}

/** The target, as the model will be given it. */
export function TargetCard({ target, sees, marked, thumbnail, mayDraw, onDrawRegion, onFrameSelection, onFinish, children }: Props) {
  const onDraw = ({ detail, currentTarget }: React.MouseEvent) => {
    if (detail) return onDrawRegion();
    // Pressed by a key: no pointer may be there to draw with. The words come next, and this button goes.
    currentTarget.closest(".prompt-panel")?.querySelector("textarea")?.focus();
    onFrameSelection();
  };
  const draw = mayDraw && (
    <button type="button" className="button small" title={t("With the keyboard: puts a frame around the selection, or in the middle of the view")} onClick={onDraw}>
      <FrameIcon size={16} /> {t("Draw a region")}
    </button>
  );
  if (!target) {
    return mayDraw && (
      <div className="target-card" data-empty="true">
        <p className="quiet">{t("The model sees what is in a frame. Draw one around your sketch.")}</p>
        {draw}
      </div>
    );
  }
  const { width, height } = target.region;
  return (
    <div className="target-card" data-testid="target" data-target={target.id} data-shape={target.shape}>
      <div className="target-line">
        {target.shape === "frame" ? <FrameIcon size={16} /> : <PictureIcon size={16} />}
        <strong>{target.title}</strong>
        {draw}
      </div>
      {sees === "nothing" ? (
        <p className="quiet">{t("The sketch is not used, only its position.")}</p>
      ) : (
        <figure>
          <div className="seen" style={{ aspectRatio: `${Math.max(width, 1)} / ${Math.max(height, 1)}` }}>
            {thumbnail.seen && <img src={thumbnail.seen} alt="" data-testid="thumbnail" />}
            {thumbnail.mask && <i data-testid="mask" style={{ maskImage: `url(${thumbnail.mask})` }} />}
          </div>
          <figcaption>{sees === "pictures_and_mask" && marked ? t("The tinted part is repainted") : t("What the model sees")}</figcaption>
        </figure>
      )}
      {mayDraw && target.draft && (
        <button type="button" className="button small" title={t("Makes the same picture with all steps")} onClick={() => onFinish(target.draft!)}>
          <SparkIcon size={16} /> {t("Make this draft final")}
        </button>
      )}
      {children}
    </div>
  );
}
