import { useEffect, useMemo, useRef, useState } from "react";
import type { VersionScene } from "../api/versions";
import type { WireElement } from "../room/protocol";
import { addPictures, asFiles, Excalidraw, inView, langCode, replaceScene, restored, showBackground, type BoardApi, type SceneElement, type Theme } from "./excalidraw";

interface Props {
  scene: VersionScene;
  /** The board's canvas: the preview starts with its scroll position and zoom. */
  live: BoardApi;
  theme: Theme;
}

/** A scene on a read-only canvas of its own that can be scrolled and zoomed. */
export function ScenePreview({ scene, live, theme }: Props) {
  const [api, setApi] = useState<BoardApi | null>(null);
  const elements = useMemo(() => restored(scene.elements as unknown as readonly WireElement[], new Map()).elements, [scene]);
  const shown = useRef(scene);
  const [initial] = useState(() => {
    const { scrollX, scrollY, zoom } = live.getAppState();
    return {
      elements,
      files: asFiles(pictures(scene)),
      appState: { scrollX, scrollY, zoom, viewBackgroundColor: scene.appState.viewBackgroundColor },
      scrollToContent: !elements.some((element) => isInView(element, live)),
    };
  });
  useEffect(() => {
    if (!api || scene === shown.current) return;
    shown.current = scene;
    replaceScene(api, elements);
    showBackground(api, scene.appState.viewBackgroundColor);
    addPictures(api, pictures(scene));
  }, [api, scene, elements]);

  return (
    <div className="preview-canvas" data-testid="preview-canvas" data-elements={elements.length}>
      <Excalidraw langCode={langCode()} excalidrawAPI={setApi} initialData={initial} viewModeEnabled zenModeEnabled theme={theme} validateEmbeddable={false} aiEnabled={false} />
    </div>
  );
}

function pictures(scene: VersionScene) {
  return Object.entries(scene.files).map(([id, { mimeType, dataURL }]) => ({ id, mimeType, dataURL }));
}

function isInView(element: SceneElement, live: BoardApi): boolean {
  const { x, y, width, height } = inView(live);
  return element.x < x + width && element.x + element.width > x && element.y < y + height && element.y + element.height > y;
}
