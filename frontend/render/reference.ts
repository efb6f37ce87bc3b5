/**
 * What the page would draw, for tests that compare the server's drawings with it (tests/e2e/test_rendering.py).
 * Not part of the product's build.
 */
import { drawRegion, type Files } from "../src/canvas/excalidraw";
import { exportToBlob, restoreElements } from "@excalidraw/excalidraw";
import type { BinaryFiles } from "@excalidraw/excalidraw/types";
import type { Region } from "../src/api/types";
import "../src/canvas/scriptFonts";
import { elementsSeen, onPaper, snapshotSize } from "../src/generation/snapshot";
import type { Shape } from "../src/generation/target";

interface Scene {
  elements: Parameters<typeof restoreElements>[0];
  files?: BinaryFiles;
}

const padding = 10;

/** The whole scene on white, no side longer than longest_px. */
async function whole(scene: Scene, longest_px: number): Promise<string> {
  const elements = restoreElements(scene.elements, null, { deleteInvisibleElements: true } as never).filter(({ isDeleted }) => !isDeleted);
  const blob = await exportToBlob({
    elements: elements as never,
    files: scene.files ?? {},
    exportPadding: padding,
    appState: { exportBackground: true, viewBackgroundColor: "#ffffff", exportWithDarkMode: false },
    getDimensions: (width, height) => {
      const scale = Math.min(1, longest_px / Math.max(width, height));
      return { width: Math.round(width * scale), height: Math.round(height * scale), scale };
    },
    mimeType: "image/png",
  });
  return base64(blob);
}

/** The whole scene on white. scale: pixels per scene unit. */
async function scaled(scene: Scene, scale: number): Promise<string> {
  const blob = await exportToBlob({
    elements: restoreElements(scene.elements, null) as never,
    files: {},
    exportPadding: padding,
    appState: { exportBackground: true, viewBackgroundColor: "#ffffff", exportWithDarkMode: false },
    getDimensions: (width, height) => ({ width: width * scale, height: height * scale, scale }),
    mimeType: "image/png",
  });
  return base64(blob);
}

/** The page's snapshot of a frame or picture. */
async function snapshot(scene: Scene, id: string, background: string): Promise<string> {
  const elements = restoreElements(scene.elements, null).filter(({ isDeleted }) => !isDeleted);
  const found = elements.find((element) => element.id === id)!;
  const region: Region = { x: found.x, y: found.y, width: found.width, height: found.height };
  const seen = elementsSeen(elements as unknown as Shape[], { id, shape: found.type === "image" ? "picture" : "frame", region });
  return base64(await drawRegion(seen as never, (scene.files ?? {}) as Files, region, snapshotSize(region), onPaper(background)));
}

async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

Object.assign(globalThis, { reference: { whole, scaled, snapshot } });
