import { useId, useState } from "react";
import { t } from "../language/t";
import "./NameForm.css";

interface Props {
  name: string;
  label: string;
  placeholder?: string;
  /** Rejects with an Error whose message is shown. */
  onSave(name: string): Promise<void>;
  onCancel(): void;
}

const longest = 120;

/** A form for one name; shows why it was refused. */
export function NameForm({ name, label, placeholder, onSave, onCancel }: Props) {
  const [text, setText] = useState(name);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useId();
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    try {
      await onSave(text.trim());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this and nothing around it
    onCancel();
  };
  return (
    <form className="name-form" onSubmit={(event) => void save(event)} onKeyDown={onKeyDown}>
      <label className="unseen" htmlFor={field}>{label}</label>
      <input id={field} type="text" value={text} maxLength={longest} placeholder={placeholder} autoFocus onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} />
      <button type="submit" className="button small primary" disabled={!text.trim() || busy}>{t("Save")}</button>
      <button type="button" className="button small" onClick={onCancel}>{t("Cancel")}</button>
      {problem && <p role="alert" className="name-problem">{problem}</p>}
    </form>
  );
}
