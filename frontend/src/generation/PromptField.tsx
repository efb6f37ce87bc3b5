import { lazy, Suspense, useId, useRef, useState, type ReactNode } from "react";
import type { Kind } from "../api/types";
import { t } from "../language/t";
import { HistoryIcon } from "../ui/icons";
import type { PromptDraft } from "./usePromptDraft";
import { usePromptHistory } from "./usePromptHistory";
import type { RecallState } from "./useRecall";

const PromptHistory = lazy(() => import("./PromptHistory"));

interface Props {
  label: string;
  placeholder: string;
  draft: PromptDraft;
  recall: RecallState;
  kind: Kind;
  maxLength: number;
  disabled: boolean;
  error?: string;
  /** Shown below the field. */
  children?: ReactNode;
}

/** The prompt, with earlier ones, and with the offers to take over another person's text and to undo a recall. */
export function PromptField({ label, placeholder, draft, recall, kind, maxLength, disabled, error, children }: Props) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [listed, setListed] = useState(false);
  const onHistoryKey = usePromptHistory(draft);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!onHistoryKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** The button that is pressed goes away. */
  const toField = (act: () => void) => () => {
    act();
    field.current?.focus();
  };
  const closeList = toField(() => setListed(false));
  return (
    <div className="field">
      <div className="prompt-line">
        <label htmlFor={id}>{label}</label>
        {!disabled && (
          <button
            type="button" className="button plain icon" aria-label={t("Earlier prompts")} title={t("Earlier prompts (Alt+Up in the field)")} aria-expanded={listed} data-testid="earlier-prompts"
            onClick={() => setListed(!listed)}
          >
            <HistoryIcon size={16} />
          </button>
        )}
      </div>
      <textarea
        id={id} ref={field} rows={3} maxLength={maxLength} value={draft.text} disabled={disabled} data-testid="prompt" placeholder={placeholder}
        aria-invalid={error ? true : undefined} aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => draft.type(event.target.value)} onFocus={() => draft.focused(true)} onBlur={() => draft.focused(false)} onKeyDown={onKeyDown}
      />
      {listed && (
        <div onKeyDown={(event) => event.key === "Escape" && closeList()}>
          <Suspense><PromptHistory kind={kind} onClose={closeList} /></Suspense>
        </div>
      )}
      {children}
      {draft.theirs !== null && (
        <p className="theirs" role="status">
          {t("Someone changed this prompt to “{prompt}”.", { prompt: draft.theirs })} <button type="button" className="button small" onClick={toField(draft.takeTheirs)}>{t("Use theirs")}</button>
        </p>
      )}
      {recall.canUndo && (
        <p className="theirs" role="status">
          {recall.canUndo === "words" ? t("Filled in an earlier prompt.") : t("Filled in from an earlier picture.")} <button type="button" className="button small" onClick={toField(recall.undo)}>{t("Undo")}</button>
        </p>
      )}
      {error && <span id={`${id}-error`} className="error" role="alert">{error}</span>}
    </div>
  );
}
