import { useState } from "react";
import { Dialog } from "../ui/Dialog";

interface Props {
  title: string;
  /** Rejects with an Error whose message is for people. */
  rename(title: string): Promise<unknown>;
  onClose(): void;
}

const longest = 120;

/** What the board is called, for everybody and in the list of boards. */
export default function RenameDialog({ title, rename, onClose }: Props) {
  const [text, setText] = useState(title);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await rename(text.trim());
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Rename this board" onClose={onClose}>
      <form className="row" onSubmit={(event) => void save(event)}>
        <input type="text" aria-label="Name of the board" value={text} maxLength={longest} autoFocus onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="button primary" disabled={!text.trim() || busy}>Save</button>
      </form>
      {problem && <p role="alert" style={{ color: "var(--bad)" }}>{problem}</p>}
    </Dialog>
  );
}
