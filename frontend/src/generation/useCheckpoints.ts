import { useEffect, useState } from "react";
import type { Api } from "../api/client";
import type { Checkpoint } from "../api/types";

const again_ms = 8_000;

/** The checkpoints there are; asked again while none is ready. null before the first answer. */
export function useCheckpoints(api: Pick<Api, "checkpoints">): readonly Checkpoint[] | null {
  const [checkpoints, setCheckpoints] = useState<readonly Checkpoint[] | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const ask = async () => {
      const found = await api.checkpoints().catch(() => null);
      if (gone) return;
      if (found) setCheckpoints(found);
      if (!found?.some(({ status }) => status === "ready")) timer = setTimeout(() => void ask(), again_ms);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api]);
  return checkpoints;
}
