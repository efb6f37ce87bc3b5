import { lazy, Suspense } from "react";
import type { Api } from "../api/client";
import type { CanvasExchange } from "../canvas/CanvasExchange";
import type { BoardConfig } from "../canvas/config";
import { Part } from "../errors/ErrorBoundary";
import type { DialogState } from "./useDialogs";
import { t } from "../language/t";

const ShareDialog = lazy(() => import("./ShareDialog"));
const ShareAddress = lazy(() => import("./ShareAddress"));
const RenameDialog = lazy(() => import("./RenameDialog"));
const ExportDialog = lazy(() => import("../exchange/ExportDialog"));

interface Props {
  dialogs: DialogState;
  api: Api;
  config: BoardConfig;
  title: string;
  /** Whether this person may make share links; otherwise the address of an open board is shared. */
  mayInvite: boolean;
  /** null while the canvas is not ready. */
  exchange: CanvasExchange | null;
}

/** The dialog that is open, if any. */
export function Dialogs({ dialogs: { name, close }, api, config, title, mayInvite, exchange }: Props) {
  const board = config.board.id;
  return (
    <>
      {name === "export" && exchange && (
        <Part name={t("The export")}>
          <Suspense>
            <ExportDialog port={exchange} zipUrl={`${config.api}/boards/${board}/export.zip`} onClose={close} />
          </Suspense>
        </Part>
      )}
      {name === "rename" && (
        <Suspense>
          <RenameDialog title={title} rename={(next) => api.renameBoard(board, next)} onClose={close} />
        </Suspense>
      )}
      {(name === "share" || name === "invite") && (
        <Suspense>
          {mayInvite ? <ShareDialog api={api} board={board} you={config.you.id} invite={name === "invite"} onClose={close} /> : <ShareAddress onClose={close} />}
        </Suspense>
      )}
    </>
  );
}
