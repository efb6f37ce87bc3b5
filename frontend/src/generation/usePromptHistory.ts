import { useRef } from "react";
import { earlierPrompts } from "./promptHistory";
import type { PromptDraft } from "./usePromptDraft";

interface Walk {
  prompts: string[];
  at: number;
  /** What was typed before. */
  typed: string;
  /** The prompt that was put into the field last. */
  shown: string;
}

/**
 * Key handler of the prompt field: Alt+Up and Alt+Down go through the earlier prompts, Esc brings back what was typed.
 *
 * Returns true for a key that it used. Typing ends the walk: what stands there then is what was typed.
 */
export function usePromptHistory(draft: Pick<PromptDraft, "text" | "type">): (event: React.KeyboardEvent) => boolean {
  const walk = useRef<Walk | null>(null);
  const show = (next: Walk) => {
    next.shown = next.at < 0 ? next.typed : next.prompts[next.at]!;
    walk.current = next.at < 0 ? null : next;
    draft.type(next.shown);
  };
  return (event) => {
    const now = walk.current?.shown === draft.text ? walk.current : null;
    if (event.key === "Escape" && now) {
      show({ ...now, at: -1 });
      return true;
    }
    const step = event.altKey && !event.ctrlKey && !event.metaKey ? ({ ArrowUp: 1, ArrowDown: -1 } as const)[event.key as "ArrowUp"] : undefined;
    if (!step) return false;
    const { prompts, at, typed } = now ?? { prompts: earlierPrompts().filter((each) => each !== draft.text.trim()), at: -1, typed: draft.text };
    const next = Math.min(at + step, prompts.length - 1);
    if (next >= -1 && next !== at) show({ prompts, at: next, typed, shown: "" });
    return true;
  };
}
