import { useId, useState } from "react";
import type { BoardConfig } from "../canvas/config";
import { t } from "../language/t";

interface Props {
  name: string;
  guest: boolean;
  urls: BoardConfig["urls"];
  onSave(name: string): Promise<void>;
  onClose(): void;
}

/** A form for the name that others see; guests are offered an account. */
export function NameCard({ name, guest, urls, onSave, onClose }: Props) {
  const id = useId();
  const [text, setText] = useState(name);
  const [problem, setProblem] = useState("");
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    try {
      await onSave(text.trim());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") onClose();
  };
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  return (
    <div className="person-card" onKeyDown={onKeyDown}>
      <label className="label" htmlFor={id}>{t("Your name")}</label>
      <form onSubmit={(event) => void save(event)}>
        <input id={id} type="text" maxLength={80} autoFocus value={text} onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="button primary">{t("Save")}</button>
      </form>
      {problem && <p className="problem" role="alert">{problem}</p>}
      {guest && (
        <p className="quiet">
          {t("You are a guest. With an account you keep your boards:")} <a href={urls.signup + back}>{t("Sign up")}</a> · <a href={urls.login + back}>{t("Sign in")}</a>
        </p>
      )}
    </div>
  );
}
