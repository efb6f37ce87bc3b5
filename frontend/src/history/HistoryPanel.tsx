import { useEffect, useRef, useState } from "react";
import type { Version } from "../api/versions";
import { CloseIcon, HistoryIcon, PenIcon } from "../ui/icons";
import { NameForm } from "../ui/NameForm";
import { byDay } from "./timeline";
import type { Versions } from "./useVersions";
import { VersionRow } from "./VersionRow";
import { t } from "../language/t";

interface Props {
  versions: Versions;
  chosen: Version | null;
  mayEdit: boolean;
  thumbnail(version: string): string;
  onChoose(version: Version): void;
  /** version: null for the board as it is now. */
  onName(version: Version | null, name: string): Promise<void>;
  onClose(): void;
}

/** The versions of the board, newest first. */
export function HistoryPanel({ versions, chosen, mayEdit, thumbnail, onChoose, onName, onClose }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [naming, setNaming] = useState(false);
  useEffect(() => heading.current?.focus(), []);
  const { items, problem, hasOlder, older, refresh } = versions;

  return (
    <aside className="ours history-panel" aria-label={t("History")} data-testid="history" onKeyDown={moveAmongVersions}>
      <header>
        <HistoryIcon />
        <h2 ref={heading} tabIndex={-1}>{t("History")}</h2>
        <button type="button" className="button plain icon" aria-label={t("Close the history")} onClick={onClose}><CloseIcon /></button>
      </header>
      <div className="history-body">
        {mayEdit && (naming ? (
          <NameForm
            label={t("Name of this version")}
            placeholder={t("First draft")}
            key={chosen?.id}
            name={chosen?.name ?? ""}
            onSave={async (name) => {
              await onName(chosen, name);
              setNaming(false);
            }}
            onCancel={() => setNaming(false)}
          />
        ) : (
          <button type="button" className="button name-now" onClick={() => setNaming(true)}><PenIcon size={16} /> {chosen?.name ? t("Rename this version") : t("Name this version")}</button>
        ))}
        {problem && <p role="alert" className="history-problem">{problem} <button type="button" className="button small" onClick={refresh}>{t("Try again")}</button></p>}
        {items === null && !problem && <p className="quiet" role="status">{t("Loading versions…")}</p>}
        {items?.length === 0 && <p className="quiet">{mayEdit ? t("No versions yet. They are saved automatically as people draw, or when you name one.") : t("No versions yet. They are saved automatically as people draw.")}</p>}
        {byDay(items ?? [], new Date()).map((day) => (
          <section key={day.title} aria-label={day.title}>
            <h3>{day.title}</h3>
            <ul>
              {day.versions.map((version) => (
                <VersionRow
                  key={version.id}
                  version={version}
                  thumbnail={thumbnail(version.id)}
                  chosen={version.id === chosen?.id}
                  mayName={mayEdit}
                  onChoose={() => onChoose(version)}
                  onName={(name) => onName(version, name)}
                />
              ))}
            </ul>
          </section>
        ))}
        {hasOlder && <button type="button" className="button small" onClick={older}>{t("Show older")}</button>}
      </div>
    </aside>
  );
}

/** Moves the focus from version to version with the arrow keys. */
function moveAmongVersions(event: React.KeyboardEvent<HTMLElement>): void {
  event.stopPropagation(); // keys typed here are not shortcuts of the canvas
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target instanceof HTMLElement) || event.target.matches("input")) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".version-choose")];
  const here = rows.findIndex((row) => row.closest("li")!.contains(event.target as Node));
  rows[here < 0 ? 0 : here + step]?.focus();
  event.preventDefault();
}
