import type { ConnectionStatus } from "../room/RoomClient";
import type { Saving } from "../ui/StatusChip";

export interface SavingState {
  status: ConnectionStatus;
  /** Elements and pictures that the server has not confirmed. */
  pending: number;
  /** Of those, the ones from before the present connection. */
  replaying: number;
  /** True if they are stored on this device too. */
  storedHere: boolean;
  /** Pictures that could not be sent; a notice offers to try again. */
  failed: number;
  mayEdit: boolean;
  frozen: boolean;
}

/** State and text of the status chip. "Saved" is a promise: connected, and everything confirmed by the server. */
export function saving({ status, pending, replaying, storedHere, failed, mayEdit, frozen }: SavingState): { state: Saving; text: string } {
  if (status === "connecting") return { state: "connecting", text: "Connecting…" };
  if (status !== "open") {
    const kept = pending === 0 ? "" : ` – ${changes(pending)} ${storedHere ? "kept on this device" : "in this tab only: keep it open"}`;
    return { state: status, text: (status === "offline" ? "Offline" : "Disconnected") + kept };
  }
  if (failed > 0) return { state: "unsaved", text: failed === 1 ? "A picture is not saved" : `${failed} pictures are not saved` };
  if (replaying > 0) return { state: "saving", text: `Sending ${changes(replaying)}` };
  if (pending > 0) return { state: "saving", text: "Saving…" };
  if (!mayEdit) return { state: "view-only", text: frozen ? "Frozen" : "View only" };
  return { state: "saved", text: "Saved" };
}

function changes(count: number): string {
  return count === 1 ? "1 change" : `${count} changes`;
}
