import { memo, useEffect, useRef, useState, type ReactNode } from "react";
import type { Api } from "../api/client";
import { CanvasSession, type CanvasParts, type Uploads } from "./CanvasSession";
import { useCursors } from "./Collaborators";
import { Excalidraw, focusHelp, Footer, langCode, type BoardApi, type Files, type SceneElement, type Theme } from "./excalidraw";
import { nameControls } from "./names";
import { usePresence } from "./usePresence";
import { useUndoKeys } from "./useUndoKeys";

interface Props {
  parts: CanvasParts;
  server: Pick<Api, "upload" | "paintBoard">;
  board: string;
  theme: Theme;
  viewOnly: boolean;
  menu: ReactNode;
  footer: ReactNode;
  topRight(narrow: boolean): React.JSX.Element | null;
  onSession(session: CanvasSession | null): void;
  onUploads(uploads: Uploads): void;
}

const uiOptions = {
  canvasActions: { loadScene: false, saveToActiveFile: false, export: false as const, clearCanvas: true, toggleTheme: false },
};

/** Excalidraw, with the session that joins it to the room. */
export const Canvas = memo(function Canvas({ parts, server, board, theme, viewOnly, menu, footer, topRight, onSession, onUploads }: Props) {
  const { room, notices } = parts;
  const [api, setApi] = useState<BoardApi | null>(null);
  // Excalidraw sets its own empty scene some time after it hands out its API; its first onChange says that this is over.
  const [loaded, setLoaded] = useState(false);
  const session = useRef<CanvasSession | null>(null);
  const dialog = useRef<string>(undefined);
  const presence = usePresence(room);
  useUndoKeys();
  useCursors(loaded ? api : null, room);
  useEffect(nameControls, []);
  useEffect(() => {
    // Excalidraw measures what is pasted at once, by another font where this one has not come: lines would lose their ends.
    if (loaded) void document.fonts.load("20px Excalifont");
  }, [loaded]);

  useEffect(() => {
    if (!api || !loaded) return;
    const made = new CanvasSession(api, parts, server, board, onUploads);
    session.current = made;
    onSession(made);
    room.start();
    return () => {
      made.stop();
      room.stop();
      session.current = null;
      onSession(null);
    };
  }, [api, loaded, parts, room, server, board, onSession, onUploads]);

  return (
    <Excalidraw
      excalidrawAPI={setApi}
      onChange={(elements, { selectedElementIds, openDialog, errorMessage }, files: Files) => {
        if (!loaded) setLoaded(true);
        if (api && typeof errorMessage === "string") {
          // Excalidraw's own message has no button that closes it.
          api.updateScene({ appState: { errorMessage: null } });
          notices.show({ key: "canvas", tone: "problem", text: errorMessage });
        }
        session.current?.changed(elements as readonly SceneElement[], files, Object.keys(selectedElementIds));
        presence.selected(selectedElementIds);
        if (openDialog?.name === "help" && dialog.current !== "help") focusHelp();
        dialog.current = openDialog?.name;
      }}
      onPointerUpdate={presence.pointer}
      generateIdForFile={(file) => session.current!.files.nameOf(file)}
      langCode={langCode()}
      isCollaborating
      theme={theme}
      viewModeEnabled={viewOnly}
      UIOptions={uiOptions}
      renderTopRightUI={topRight}
      validateEmbeddable={false}
      aiEnabled={false}
      handleKeyboardGlobally
      autoFocus
    >
      {menu}
      <Footer>{footer}</Footer>
    </Excalidraw>
  );
});
