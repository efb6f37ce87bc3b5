import type { RoomState } from "./useRoom";

/** Says that the board is being opened, or why it was closed for good. */
export function ConnectionState({ state: { status, synced, closedBecause } }: { state: RoomState }) {
  if (status === "closed") {
    return (
      <div className="ours closed" role="alert">
        <p>{closedBecause}</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>Reload board</button>
      </div>
    );
  }
  return synced ? null : <p className="ours opening" role="status">Opening the board…</p>;
}
