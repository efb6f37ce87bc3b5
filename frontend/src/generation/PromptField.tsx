import { useId } from "react";
import type { PromptDraft } from "./usePromptDraft";
import type { RecallState } from "./useRecall";

interface Props {
  label: string;
  placeholder: string;
  draft: PromptDraft;
  recall: RecallState;
  maxLength: number;
  disabled: boolean;
  error?: string;
}

/** The prompt, with the offers to take over another person's text and to undo a recall. */
export function PromptField({ label, placeholder, draft, recall, maxLength, disabled, error }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id} rows={3} maxLength={maxLength} value={draft.text} disabled={disabled} data-testid="prompt" placeholder={placeholder}
        aria-invalid={error ? true : undefined} aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => draft.type(event.target.value)} onFocus={() => draft.focused(true)} onBlur={() => draft.focused(false)}
      />
      {draft.theirs !== null && (
        <p className="theirs" role="status">
          Someone changed this prompt to “{draft.theirs}”. <button type="button" className="button small" onClick={draft.takeTheirs}>Use theirs</button>
        </p>
      )}
      {recall.canUndo && (
        <p className="theirs" role="status">
          Filled in from an earlier picture. <button type="button" className="button small" onClick={recall.undo}>Undo</button>
        </p>
      )}
      {error && <span id={`${id}-error`} className="error" role="alert">{error}</span>}
    </div>
  );
}
