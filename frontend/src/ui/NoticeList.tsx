import { useSyncExternalStore } from "react";
import { CloseIcon } from "./icons";
import type { Notices } from "./notices";
import { t } from "../language/t";
import "./NoticeList.css";

export function NoticeList({ notices }: { notices: Notices }) {
  const shown = useSyncExternalStore(notices.subscribe, notices.list);
  return (
    <div className="ours notices" aria-live="polite" role="status">
      {shown.map(({ key, text, tone, action }) => (
        <div key={key} className="notice" data-tone={tone} data-testid="notice">
          <p>{text}</p>
          {action && (
            <button type="button" className="button small" onClick={() => { notices.close(key); action.run(); }}>
              {action.label}
            </button>
          )}
          <button type="button" className="button plain icon" aria-label={t("Close this message")} onClick={() => notices.close(key)}>
            <CloseIcon size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
