import type { ReactNode } from "react";
import type { Version } from "../api/versions";
import { RetryIcon } from "../ui/icons";
import { inWords } from "./timeline";

interface Props {
  version: Version;
  /** Why it cannot be shown. */
  problem: string;
  opening: boolean;
  mayRestore: boolean;
  busy: boolean;
  onRestore(): void;
  onBack(): void;
  children: ReactNode;
}

/** A read-only version over the board, which stays connected underneath. */
export function VersionPreview({ version, problem, opening, mayRestore, busy, onRestore, onBack, children }: Props) {
  return (
    <section className="version-preview" aria-label="An earlier version" data-testid="version-preview" data-version={version.id} data-opening={opening} onKeyDown={(event) => event.stopPropagation()}>
      {children}
      <div className="ours preview-banner">
        <p role="status">
          {problem || <>You are viewing <strong>{inWords(version, new Date())}</strong>{opening && " – opening…"}</>}
        </p>
        <div className="preview-actions">
          {mayRestore && !problem && (
            <button type="button" className="button primary" disabled={busy || opening} onClick={onRestore} data-testid="restore">
              <RetryIcon size={16} /> {busy ? "Restoring…" : "Restore"}
            </button>
          )}
          <button type="button" className="button" onClick={onBack} data-testid="back-to-board">Back to the board</button>
        </div>
      </div>
    </section>
  );
}
