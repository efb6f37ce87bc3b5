import { Dialog } from "../ui/Dialog";
import { NameForm } from "../ui/NameForm";
import { t } from "../language/t";

interface Props {
  title: string;
  /** Rejects with an Error whose message is shown. */
  rename(title: string): Promise<unknown>;
  onClose(): void;
}

/** Changes the title of the board. */
export default function RenameDialog({ title, rename, onClose }: Props) {
  const save = async (name: string) => {
    await rename(name);
    onClose();
  };
  return (
    <Dialog title={t("Rename this board")} onClose={onClose}>
      <NameForm name={title} label={t("Name of the board")} onSave={save} onCancel={onClose} />
    </Dialog>
  );
}
