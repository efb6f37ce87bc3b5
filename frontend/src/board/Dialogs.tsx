import { lazy, Suspense } from "react";
import type { Api } from "../api/client";
import type { CanvasExchange } from "../canvas/CanvasExchange";
import type { BoardConfig } from "../canvas/config";
import { Part } from "../errors/ErrorBoundary";
import { ShareDialog } from "./ShareDialog";
import type { DialogState } from "./useDialogs";

const RenameDialog = lazy(() => import("./RenameDialog"));
const ExportDialog = lazy(() => import("../exchange/ExportDialog"));

interface Props {
  dialogs: DialogState;
  api: Api;
  config: BoardConfig;
  title: string;
  isOwner: boolean;
  /** null while the canvas is not ready. */
  exchange: CanvasExchange | null;
}

/** The dialog that is open, if any. */
export function Dialogs({ dialogs: { name, close }, api, config, title, isOwner, exchange }: Props) {
  const board = config.board.id;
  return (
    <>
      {name === "export" && exchange && (
        <Part name="Export">
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
      {name === "share" && (
        <ShareDialog address={isOwner ? undefined : location.href} share={(link) => api.share(board, link)} onClose={close} />
      )}
    </>
  );
}
