import { setPageLanguage, type Api } from "../api/client";
import type { BoardConfig } from "../canvas/config";

export interface Leaving {
  /** Makes a board and opens it. */
  toNew(): void;
  /** Moves this board to the trash and opens the list, which offers to undo that. */
  toTrash(): void;
  /** Opens this page in another language. What is not saved is kept as at every reload. */
  toLanguage(code: string): void;
}

/** The ways from this board to another page that ask the server first. failed: called with what went wrong. */
export function leaving(api: Pick<Api, "createBoard" | "trashBoard">, { board, urls }: BoardConfig, failed: (error: unknown) => void, go = (url: string) => location.assign(url)): Leaving {
  return {
    toNew: () => void api.createBoard().then(({ url }) => go(url), failed),
    toTrash: () => void api.trashBoard(board.id).then(() => go(`${urls.boards}?trashed=${board.id}`), failed),
    toLanguage: (code) => void setPageLanguage(urls.language, code).then(() => location.reload(), failed),
  };
}
