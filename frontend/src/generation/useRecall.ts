import { useEffect, useRef, useState } from "react";
import { onRecall, recalled, type Form } from "./form";
import type { FormState } from "./useForm";
import type { PromptDraft } from "./usePromptDraft";

export interface RecallState {
  /** True while a recall can be undone. */
  canUndo: boolean;
  /** Puts back the form and the prompt that the last recall replaced. */
  undo(): void;
  /** Keeps what was recalled: there is nothing to undo any more. */
  forget(): void;
}

/** Fills the panel with the settings of an earlier picture whenever `recall` is called, and can undo that. */
export function useRecall({ form, replace }: Pick<FormState, "form" | "replace">, draft: PromptDraft): RecallState {
  const [replaced, setReplaced] = useState<{ form: Form; text: string } | null>(null);
  const latest = useRef({ form, draft });
  useEffect(() => {
    latest.current = { form, draft };
  });
  useEffect(
    () =>
      onRecall((recall) => {
        const now = latest.current;
        setReplaced({ form: now.form, text: now.draft.text });
        replace(recalled(now.form, recall));
        if (recall.part === "all" || recall.part === "prompt") now.draft.type(recall.params.prompt);
      }),
    [replace],
  );
  return {
    canUndo: replaced !== null,
    undo() {
      replace(replaced!.form);
      draft.type(replaced!.text);
      setReplaced(null);
    },
    forget: () => setReplaced(null),
  };
}
