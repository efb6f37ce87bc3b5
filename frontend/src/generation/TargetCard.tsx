import type { Kind } from "../api/types";
import { FrameIcon, PictureIcon } from "../ui/icons";
import type { Target } from "./target";

interface Props {
  target: Target | null;
  kind: Kind;
  /** A small picture of what the model sees; "" while there is none. */
  thumbnail: string;
  mayDraw: boolean;
  onDrawRegion(): void;
}

/** What the next picture is made from, as the model sees it. */
export function TargetCard({ target, kind, thumbnail, mayDraw, onDrawRegion }: Props) {
  const draw = mayDraw && (
    <button type="button" className="button small" onClick={onDrawRegion}>
      <FrameIcon size={16} /> Draw a region
    </button>
  );
  if (!target) {
    return (
      <div className="target-card" data-empty="true">
        <p className="quiet">A frame is what the model sees. Put one around your sketch.</p>
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
      {kind === "txt2img" ? (
        <p className="quiet">The sketch is not used, only its place.</p>
      ) : (
        <figure>
          <div className="seen" style={{ aspectRatio: `${Math.max(width, 1)} / ${Math.max(height, 1)}` }}>
            {thumbnail && <img src={thumbnail} alt="" data-testid="thumbnail" />}
          </div>
          <figcaption>What the model sees</figcaption>
        </figure>
      )}
    </div>
  );
}
