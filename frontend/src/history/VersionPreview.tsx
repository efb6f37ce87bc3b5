import type { ReactNode } from "react";
import type { Version } from "../api/versions";
import { RetryIcon } from "../ui/icons";
import { inWords } from "./timeline";
import { t } from "../language/t";

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
  const [before, after] = t("You are viewing {version}").split("{version}");
  return (
    <section className="version-preview" aria-label={t("An earlier version")} data-testid="version-preview" data-version={version.id} data-opening={opening} onKeyDown={(event) => event.stopPropagation()}>
      {children}
      <div className="ours preview-banner">
        <p role="status">
          {problem || <>{before}<strong>{inWords(version, new Date())}</strong>{after}{opening && t(" – opening…")}</>}
        </p>
        <div className="preview-actions">
          {mayRestore && !problem && (
            <button type="button" className="button primary" disabled={busy || opening} onClick={onRestore} data-testid="restore">
              <RetryIcon size={16} /> {busy ? t("Restoring…") : t("Restore")}
            </button>
          )}
          <button type="button" className="button" onClick={onBack} data-testid="back-to-board">{t("Back to the board")}</button>
        </div>
      </div>
    </section>
  );
}
