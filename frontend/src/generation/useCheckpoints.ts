import { useEffect, useState } from "react";
import type { Api } from "../api/client";
import type { Checkpoint } from "../api/types";

const again_ms = 8_000;

/**
 * The checkpoints of the server; null before the first answer.
 *
 * Polled while none is ready, and while this person waits for a picture: its worker may be gone.
 */
export function useCheckpoints(api: Pick<Api, "checkpoints">, waiting: boolean): readonly Checkpoint[] | null {
  const [checkpoints, setCheckpoints] = useState<readonly Checkpoint[] | null>(null);
  const ready = Boolean(checkpoints?.some(({ status }) => status === "ready"));
  useEffect(() => {
    if (ready && !waiting) return;
    let gone = false;
    const ask = async () => {
      const found = await api.checkpoints().catch(() => null);
      if (gone) return;
      if (found) setCheckpoints(found);
      timer = setTimeout(() => void ask(), again_ms);
    };
    // Who begins to wait has just asked for a picture: nothing is new yet.
    let timer = setTimeout(() => void ask(), ready ? again_ms : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api, ready, waiting]);
  return checkpoints;
}
