import { useEffect, useState, useSyncExternalStore } from "react";
import type { BoardPort } from "./boardPort";
import type { Target } from "./target";

const settle_ms = 450;
const side_px = 360;

/** The address of a small picture of what the model would see, renewed when drawing pauses. "" before the first. */
export function useThumbnail(board: BoardPort, target: Target | null, wanted: boolean): string {
  const seen = useSyncExternalStore(board.subscribe, board.seen);
  const [drawn, setDrawn] = useState({ id: "", url: "" });
  const id = target?.id ?? "";

  useEffect(() => () => URL.revokeObjectURL(drawn.url), [drawn]);
  useEffect(() => {
    if (!target || !wanted) return;
    let stale = false;
    const draw = async () => {
      const picture = await board.snapshot(target, side_px).catch(() => null);
      if (picture && !stale) setDrawn({ id, url: URL.createObjectURL(picture) });
    };
    const timer = setTimeout(() => void draw(), settle_ms);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
    // The target's other fields do not change what it looks like; `seen` and `id` do.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [board, id, seen, wanted]);
  return drawn.id === id ? drawn.url : "";
}
