import { useEffect, useRef, useState } from "react";
import type { Api } from "../api/client";
import type { Checkpoint } from "../api/types";

const again_ms = 8_000;

/**
 * The checkpoints there are. null before the first answer.
 *
 * Asked again while none is ready, and while somebody here waits for a picture: what was to make it may be gone.
 */
export function useCheckpoints(api: Pick<Api, "checkpoints">, waiting: boolean): readonly Checkpoint[] | null {
  const [checkpoints, setCheckpoints] = useState<readonly Checkpoint[] | null>(null);
  const waits = useRef(waiting);
  useEffect(() => {
    waits.current = waiting;
  }, [waiting]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    let ready = false;
    const ask = async () => {
      if (!ready || waits.current) {
        const found = await api.checkpoints().catch(() => null);
        if (gone) return;
        if (found) setCheckpoints(found);
        ready = Boolean(found?.some(({ status }) => status === "ready"));
      }
      timer = setTimeout(() => void ask(), again_ms);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api]);
  return checkpoints;
}
