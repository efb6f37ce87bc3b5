import { useMemo, useState } from "react";

export type DialogName = "share" | "invite" | "export" | "rename" | "commands" | "frames";

export interface DialogState {
  /** The dialog that is open; null: none. Modal: there is at most one. */
  name: DialogName | null;
  show: Record<DialogName, () => void>;
  close(): void;
  /** Opens the command palette, or closes it where it is open, in place of what is open. */
  toggleCommands(): void;
}

/** Which of the board's dialogs is open. The functions are the same for the life of the page. */
export function useDialogs(): DialogState {
  const [name, setName] = useState<DialogName | null>(null);
  const functions = useMemo(() => {
    const opening = (dialog: DialogName) => () => setName(dialog);
    const show = { share: opening("share"), invite: opening("invite"), export: opening("export"), rename: opening("rename"), commands: opening("commands"), frames: opening("frames") };
    const toggleCommands = () => setName((now) => (now === "commands" || now === "frames" ? null : "commands"));
    return { show, close: () => setName(null), toggleCommands };
  }, []);
  return { name, ...functions };
}
