import { t } from "../language/t";
import { Dialog } from "../ui/Dialog";
import { LinkField } from "./LinkField";

/** The address of a board that is open to all. */
export default function ShareAddress({ onClose }: { onClose(): void }) {
  return (
    <Dialog title={t("Share this board")} onClose={onClose}>
      <p className="quiet">{t("This board is open to everybody who has its address.")}</p>
      <LinkField url={location.href} />
    </Dialog>
  );
}
