import { t } from "../language/t";
import type { RoomState } from "./useRoom";

/** Says that the board is being opened, that it is frozen, or why it was closed for good. */
export function ConnectionState({ state: { status, synced, frozen, closedBecause } }: { state: RoomState }) {
  if (status === "closed") {
    return (
      <div className="ours closed" role="alert">
        <p>{closedBecause}</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>{t("Reload board")}</button>
      </div>
    );
  }
  if (!synced) return <p className="ours opening" role="status">{t("Opening the board…")}</p>;
  return frozen ? <p className="ours frozen" role="status" data-testid="frozen">{t("A moderator froze this board: you can view and export it, but nobody can change it for now.")}</p> : null;
}
