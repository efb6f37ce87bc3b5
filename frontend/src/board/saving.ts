import type { Line } from "../room/RoomClient";
import type { Saving } from "../ui/StatusChip";

export interface Standing {
  line: Line;
  /** Elements and pictures that the server has not confirmed. */
  pending: number;
  /** Of those, the ones that waited before the line came back. */
  replaying: number;
  /** Whether they would survive the end of this page. */
  keptHere: boolean;
  /** Pictures that could not be sent; a notice offers to try again. */
  failed: number;
  mayEdit: boolean;
  frozen: boolean;
}

/** What the chip says. "Saved" is a promise: nothing unsent, nothing unconfirmed, and somebody there to confirm. */
export function saving({ line, pending, replaying, keptHere, failed, mayEdit, frozen }: Standing): { state: Saving; text: string } {
  if (line === "connecting") return { state: "connecting", text: "Connecting…" };
  if (line !== "open") {
    const kept = pending === 0 ? "" : ` – ${changes(pending)} ${keptHere ? "kept on this device" : "in this tab only: keep it open"}`;
    return { state: line, text: (line === "offline" ? "Offline" : "Disconnected") + kept };
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
