import { useEffect, useRef, useState } from "react";
import { t } from "../language/t";
import "./BoardTitle.css";

interface Props {
  title: string;
  mayRename: boolean;
  /** Rejects with an Error whose message is shown. */
  rename(title: string): Promise<unknown>;
  /** Phones have no room for it: it is there for screen readers alone. */
  phone: boolean;
}

const longest = 120;

/** The title of the board at the top left; its owner changes it in place: Enter saves, Escape does not. */
export function BoardTitle({ title, mayRename, rename, phone }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const returns = useRef(false);
  useEffect(() => {
    if (draft === null && returns.current) button.current?.focus();
    returns.current = false;
  }, [draft]);
  const onDone = (hadFocus: boolean) => {
    returns.current = hadFocus;
    setDraft(null);
  };
  if (phone) return <h1 className="unseen" data-testid="title">{title}</h1>;
  return (
    <div className="ours board-title">
      {draft !== null ? (
        <TitleField title={title} draft={draft} onType={setDraft} rename={rename} onDone={onDone} />
      ) : mayRename ? (
        <h1><button ref={button} type="button" title={t("Rename")} data-testid="title" onClick={() => setDraft(title)}>{title}</button></h1>
      ) : (
        <h1 data-testid="title">{title}</h1>
      )}
    </div>
  );
}

interface FieldProps {
  title: string;
  draft: string;
  onType(draft: string): void;
  rename(title: string): Promise<unknown>;
  /** hadFocus: the keyboard has not gone elsewhere. */
  onDone(hadFocus: boolean): void;
}

function TitleField({ title, draft, onType, rename, onDone }: FieldProps) {
  const [problem, setProblem] = useState("");
  const done = useRef(false); // leaving the field after Escape or Enter saves nothing more
  const field = useRef<HTMLInputElement>(null);
  const finish = () => {
    done.current = true;
    onDone(document.activeElement === field.current);
  };
  const save = async () => {
    if (done.current) return;
    const next = draft.trim();
    if (!next || next === title) return finish();
    done.current = true;
    try {
      await rename(next);
      finish();
    } catch (error) {
      done.current = false;
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation(); // keys typed here are not shortcuts of the canvas
    if (event.key === "Escape") finish();
    if (event.key === "Enter" && !event.nativeEvent.isComposing) void save();
  };
  return (
    <>
      <input ref={field} type="text" aria-label={t("Name of the board")} maxLength={longest} value={draft} autoFocus onFocus={(event) => event.target.select()} onChange={(event) => onType(event.target.value)} onKeyDown={onKeyDown} onBlur={() => void save()} />
      {problem && <p role="alert" className="title-problem">{problem}</p>}
    </>
  );
}
