import { useSyncExternalStore } from "react";
import type { Following } from "../canvas/Following";
import { t } from "../language/t";
import { CloseIcon } from "../ui/icons";
import "./FollowingChip.css";

/** Says over the canvas who is followed, and ends it. */
export function FollowingChip({ following }: { following: Following }) {
  const now = useSyncExternalStore(following.subscribe, following.now);
  return (
    <div className="ours following" role="status">
      {now && (
        <span className="following-chip" data-testid="following">
          <span>{t("Following {name}", { name: now.name })}</span>
          <button type="button" className="button plain icon" aria-label={t("Stop following {name}", { name: now.name })} onClick={following.stop}>
            <CloseIcon size={16} />
          </button>
        </span>
      )}
    </div>
  );
}
