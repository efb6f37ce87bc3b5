import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { onRecall, recalled, type Form, type Part } from "./form";
import { rememberPrompt } from "./promptHistory";
import type { FormState } from "./useForm";
import type { PromptDraft } from "./usePromptDraft";

export interface RecallState {
  /** What was recalled, while it can be undone. */
  canUndo: Part | null;
  /** Puts back the form and the prompt that the last recall replaced. */
  undo(): void;
  /** Keeps what was recalled: there is nothing to undo any more. */
  forget(): void;
}

/**
 * Fills the panel with the settings of an earlier picture whenever `recall` is called, and can undo that.
 *
 * targetId: what is generated from; a recall is undone where it was made.
 */
export function useRecall({ form, replace }: Pick<FormState, "form" | "replace">, draft: PromptDraft, targetId: string): RecallState {
  const [replaced, setReplaced] = useState<{ form: Form; text: string; part: Part; targetId: string } | null>(null);
  const latest = useRef({ form, draft, targetId });
  useLayoutEffect(() => {
    latest.current = { form, draft, targetId };
  });
  useEffect(
    () =>
      onRecall((recall) => {
        const now = latest.current;
        setReplaced({ form: now.form, text: now.draft.text, part: recall.part, targetId: now.targetId });
        replace(recalled(now.form, recall));
        if (recall.part === "seed" || recall.part === "size") return;
        rememberPrompt(recall.params.prompt);
        now.draft.type(recall.params.prompt);
      }),
    [replace],
  );
  return {
    canUndo: replaced?.targetId === targetId ? replaced.part : null,
    undo() {
      replace(replaced!.form);
      draft.type(replaced!.text);
      setReplaced(null);
    },
    forget: () => setReplaced(null),
  };
}
