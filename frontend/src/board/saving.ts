import { t, tn } from "../language/t";
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
  /** True while the server does not answer. */
  unheard: boolean;
}

/** State and text of the status chip. "Saved" is a promise: connected, and everything confirmed by the server. */
export function saving({ status, pending, replaying, storedHere, failed, mayEdit, frozen, unheard }: SavingState): { state: Saving; text: string } {
  if (status === "connecting") return { state: "connecting", text: t("Connecting…") };
  if (status === "closed") return { state: status, text: kept(t("Disconnected"), pending, storedHere) };
  if (status === "offline" || unheard) return { state: "offline", text: kept(t("Offline"), pending, storedHere) };
  if (failed > 0) return { state: "unsaved", text: tn(failed, "A picture is not saved", "{n} pictures are not saved") };
  if (replaying > 0) return { state: "saving", text: tn(replaying, "Sending {n} change", "Sending {n} changes") };
  if (pending > 0) return { state: "saving", text: t("Saving…") };
  if (!mayEdit) return { state: "view-only", text: frozen ? t("Frozen") : t("View only") };
  return { state: "saved", text: t("Saved") };
}

/** The state with what becomes of the changes that the server does not have. */
function kept(state: string, pending: number, storedHere: boolean): string {
  if (pending === 0) return state;
  return storedHere
    ? tn(pending, "{state} – {n} change kept on this device", "{state} – {n} changes kept on this device", { state })
    : tn(pending, "{state} – {n} change in this tab only: keep it open", "{state} – {n} changes in this tab only: keep it open", { state });
}
