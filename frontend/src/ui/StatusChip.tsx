import "./StatusChip.css";

export type Saving = "connecting" | "saved" | "saving" | "unsaved" | "offline" | "view-only" | "closed";

/** Whether the drawing is saved. */
export function StatusChip({ state, text }: { state: Saving; text: string }) {
  return (
    <output className="ours status-chip" data-testid="status-chip" data-state={state} aria-live="polite" title={text}>
      <i aria-hidden="true" />
      <span>{text}</span>
    </output>
  );
}
