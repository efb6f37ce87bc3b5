import { useEffect, useState } from "react";
import type { Api, Hearing } from "../api/client";
import type { Checkpoint } from "../api/types";

const settle_ms = 500;
/** The style's words take at most this share of what is heard. */
const share = 0.5;

/** What the checkpoint does not hear of prompt and negative prompt, asked for when typing pauses; null while it is not known, or all is heard. */
export function useHearing(api: Pick<Api, "hear">, { name, hears_tokens }: Checkpoint, prompt: string, negative: string, style: string | null): Hearing | null {
  const [found, setFound] = useState<{ key: string; hearing: Hearing } | null>(null);
  const key = JSON.stringify([name, prompt, negative, style]);
  // A token has at least one character: shorter texts are always heard.
  const isLong = hears_tokens !== null && Math.max(prompt.length, negative.length) > hears_tokens * share;
  useEffect(() => {
    if (!isLong) return;
    let stale = false;
    const ask = () => api.hear(name, { prompt, negative_prompt: negative, style }).then((hearing) => void (stale || setFound({ key, hearing })), () => undefined);
    const timer = setTimeout(() => void ask(), settle_ms);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [api, isLong, key, name, prompt, negative, style]);
  return isLong && found?.key === key ? found.hearing : null;
}
