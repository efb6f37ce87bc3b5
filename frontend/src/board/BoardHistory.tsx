import { lazy, Suspense } from "react";
import type { CanvasSession } from "../canvas/CanvasSession";
import type { BoardConfig } from "../canvas/config";
import type { Theme } from "../canvas/excalidraw";
import { ScenePreview } from "../canvas/ScenePreview";
import { Part } from "../errors/ErrorBoundary";
import type { Notices } from "../ui/notices";
import type { HistoryState } from "./useHistory";
import { t } from "../language/t";

const History = lazy(() => import("../history/History"));

interface Props {
  history: HistoryState;
  session: CanvasSession;
  config: BoardConfig;
  mayEdit: boolean;
  notices: Notices;
  theme: Theme;
}

/** The history of this board while it is open; its code is loaded then. */
export function BoardHistory({ history: { over, close }, session, config, mayEdit, notices, theme }: Props) {
  if (!over) return null;
  return (
    <Part name={t("The history")}>
      <Suspense>
        <History
          base={config.api} board={config.board.id} mayEdit={mayEdit} notices={notices} canvas={over} onClose={close}
          showAsEdit={(request) => session.sync.showAsEdit(request)}
          draw={(scene) => <ScenePreview scene={scene} live={session.canvas} theme={theme} />}
        />
      </Suspense>
    </Part>
  );
}
