import { Dialog } from "../ui/Dialog";
import { NameForm } from "../ui/NameForm";

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
    <Dialog title="Rename this board" onClose={onClose}>
      <NameForm name={title} label="Name of the board" onSave={save} onCancel={onClose} />
    </Dialog>
  );
}
