import { useMemo, useState } from "react";

export type DialogName = "share" | "invite" | "export" | "rename";

export interface DialogState {
  /** The dialog that is open; null: none. Modal: there is at most one. */
  name: DialogName | null;
  show: Record<DialogName, () => void>;
  close(): void;
}

/** Which of the board's dialogs is open. The functions are the same for the life of the page. */
export function useDialogs(): DialogState {
  const [name, setName] = useState<DialogName | null>(null);
  const functions = useMemo(() => {
    const show = { share: () => setName("share"), invite: () => setName("invite"), export: () => setName("export"), rename: () => setName("rename") };
    return { show, close: () => setName(null) };
  }, []);
  return { name, ...functions };
}
