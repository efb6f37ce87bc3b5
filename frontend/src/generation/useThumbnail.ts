import { useEffect, useState, useSyncExternalStore } from "react";
import type { Sees } from "../api/types";
import type { BoardPort } from "./BoardPort";
import type { Target } from "./target";

const settle_ms = 450;
const side_px = 360;

/** URLs of small pictures; "" for one that is not there. mask: white where it will be repainted. */
export interface Thumbnail {
  seen: string;
  mask: string;
}

const nothing: Thumbnail = { seen: "", mask: "" };

/** Small pictures of what the model will be given of the target, drawn again when drawing pauses. wanted: false draws none. */
export function useThumbnail(board: BoardPort, target: Target | null, sees: Sees, wanted: boolean): Thumbnail {
  const seen = useSyncExternalStore(board.subscribe, board.seen);
  const [drawn, setDrawn] = useState({ ...nothing, id: "" });
  const id = `${target?.id ?? ""} ${sees}`;

  useEffect(() => () => [drawn.seen, drawn.mask].forEach((url) => URL.revokeObjectURL(url)), [drawn]);
  useEffect(() => {
    if (!target || !wanted || sees === "nothing") return;
    let stale = false;
    const draw = async () => {
      const [picture, mask] = await Promise.all([
        board.snapshot(target, side_px, sees).catch(() => null),
        sees === "pictures_and_mask" ? board.mask(target, side_px).catch(() => null) : null,
      ]);
      if (picture && !stale) setDrawn({ id, seen: URL.createObjectURL(picture), mask: mask ? URL.createObjectURL(mask) : "" });
    };
    const timer = setTimeout(() => void draw(), settle_ms);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
    // The target's other fields do not change what it looks like; `seen` and `id` do.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [board, id, seen, wanted]);
  return drawn.id === id ? drawn : nothing;
}
