import { t } from "../language/t";

export interface Closing {
  /** Whether to connect again without being asked. */
  comeBack: boolean;
  /** Whether the server is overloaded or restarts: start with a longer, spread wait. */
  spread: boolean;
  /** For the person; empty when there is nothing to do but wait. */
  message: string;
}

const forGood = (): Record<number, string> => ({
  4400: t("This page and the server do not understand each other. Reload the page."),
  4401: t("You are signed out. Sign in, or open the link again."),
  4403: t("You no longer have access to this board."),
  4404: t("This board no longer exists."),
  4406: t("The server was updated. Reload the page."),
  4429: t("Too many changes at once. Wait a moment, then reload the page."),
});

/** What a close code asks of us: 1012, 4408 and 4503 mean come back, other 44xx mean do not. */
export function closing(code: number): Closing {
  if (code === 4408) return { comeBack: true, spread: false, message: "" };
  const message = forGood()[code];
  if (message) return { comeBack: false, spread: false, message };
  if (code >= 4400 && code < 4500) return { comeBack: false, spread: false, message: t("The server closed this board.") };
  return { comeBack: true, spread: code === 1001 || code === 1012 || code === 1013 || code === 4503, message: "" };
}
