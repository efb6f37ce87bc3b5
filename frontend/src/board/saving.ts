import type { Line } from "../room/RoomClient";
import type { Saving } from "../ui/StatusChip";

export interface Standing {
  line: Line;
  /** Elements and pictures that the server has not confirmed. */
  pending: number;
  /** Pictures that could not be sent; a notice offers to try again. */
  failed: number;
  mayEdit: boolean;
  frozen: boolean;
}

/** What the chip says. "Saved" is a promise: nothing unsent, nothing unconfirmed, and somebody there to confirm. */
export function saving({ line, pending, failed, mayEdit, frozen }: Standing): { state: Saving; text: string } {
  if (line === "connecting") return { state: "connecting", text: "Connecting…" };
  if (line !== "open") {
    const kept = pending === 0 ? "" : pending === 1 ? " – 1 change kept" : ` – ${pending} changes kept`;
    return { state: line, text: (line === "offline" ? "Offline" : "Disconnected") + kept };
  }
  if (failed > 0) return { state: "unsaved", text: failed === 1 ? "A picture is not saved" : `${failed} pictures are not saved` };
  if (pending > 0) return { state: "saving", text: "Saving…" };
  if (!mayEdit) return { state: "view-only", text: frozen ? "Frozen" : "View only" };
  return { state: "saved", text: "Saved" };
}
