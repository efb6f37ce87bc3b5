import { useEffect, useState, useSyncExternalStore } from "react";
import type { Kind } from "../api/types";
import type { BoardPort } from "./BoardPort";
import type { Target } from "./target";

const settle_ms = 450;
const side_px = 360;

/** Addresses of small pictures; "" for what is not there. mask: white where it will be repainted. */
export interface Thumbnail {
  seen: string;
  mask: string;
}

const nothing: Thumbnail = { seen: "", mask: "" };

/** A small picture of what a model would see for that kind, renewed when drawing pauses. */
export function useThumbnail(board: BoardPort, target: Target | null, kind: Kind, wanted: boolean): Thumbnail {
  const seen = useSyncExternalStore(board.subscribe, board.seen);
  const [drawn, setDrawn] = useState({ ...nothing, id: "" });
  const id = `${target?.id ?? ""} ${kind}`;

  useEffect(() => () => [drawn.seen, drawn.mask].forEach((url) => URL.revokeObjectURL(url)), [drawn]);
  useEffect(() => {
    if (!target || !wanted) return;
    let stale = false;
    const draw = async () => {
      const [picture, mask] = await Promise.all([
        board.snapshot(target, side_px, kind).catch(() => null),
        kind === "inpaint" ? board.mask(target, side_px).catch(() => null) : null,
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
