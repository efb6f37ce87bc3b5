/**
 * All calls of Excalidraw's API, and the types shared with it. A new release changes this file first; docs/upgrade-excalidraw.md
 * lists the other places that depend on it.
 */
import {
  CaptureUpdateAction,
  exportToBlob,
  exportToSvg,
  getCommonBounds,
  getDataURL,
  isInvisiblySmallElement,
  mutateElement,
  newElementWith,
  restoreElements,
  sceneCoordsToViewportCoords,
  serializeAsJSON,
} from "@excalidraw/excalidraw";
import { flushSync } from "react-dom";
import type { UserIdleState } from "@excalidraw/excalidraw";
import type {
  ExcalidrawElement,
  ExcalidrawFrameElement,
  ExcalidrawFreeDrawElement,
  ExcalidrawImageElement,
  ExcalidrawTextElement,
  FileId,
  NonDeletedExcalidrawElement,
  OrderedExcalidrawElement,
} from "@excalidraw/excalidraw/element/types";
import type {
  AppState,
  BinaryFileData,
  BinaryFiles,
  Collaborator as Cursor,
  ExcalidrawImperativeAPI,
  SocketId,
} from "@excalidraw/excalidraw/types";
import type { BoardFile, Region } from "../api/types";
import { language } from "../language/t";
import type { Picture } from "../room/Journal";
import type { Collaborator } from "../room/messages";
import type { WireElement } from "../room/protocol";
import { compareOrder } from "../room/reconcile";
import { nextFrom, partOf, points_max, strokeParts, textParts, type Stroke } from "./oversized";
import { hasUsableId, sound, withinBudget } from "./sanitize";
import { possibleZoom, type View } from "./view";

export { Excalidraw, Footer, MainMenu } from "@excalidraw/excalidraw";

const lang_codes = new Map([["de", "de-DE"]]);

/** The language of the page as Excalidraw calls it. Every instance sets the language and direction of the whole document. */
export const langCode = (): string => lang_codes.get(language()) ?? "en";
export type BoardApi = ExcalidrawImperativeAPI;
export type SceneElement = OrderedExcalidrawElement;
export type ImageElement = ExcalidrawImageElement;
export type Theme = AppState["theme"];
export type Files = BinaryFiles;
export { isInvisiblySmallElement as isInvisible };

/** The same elements under the type of the wire, and back. */
export const asWire = (elements: readonly SceneElement[]) => elements as unknown as readonly WireElement[];
const asScene = (elements: readonly WireElement[]) => elements as unknown as SceneElement[];

/** Ids of elements that are being drawn, resized or typed here and must not be replaced. */
export function heldIds(api: BoardApi): Set<string> {
  const { newElement, resizingElement, editingTextElement, multiElement } = api.getAppState();
  return new Set([newElement, resizingElement, editingTextElement, multiElement].flatMap((element) => (element ? [element.id] : [])));
}

export function pointsBeingDrawn(api: BoardApi): number {
  const { newElement } = api.getAppState();
  return newElement?.type === "freedraw" ? newElement.points.length : 0;
}

/**
 * Continues the stroke that is being drawn in another element when it has as many points as one may have. The two are
 * grouped and share their end.
 */
export function continueStroke(api: BoardApi): void {
  const { newElement } = api.getAppState();
  if (newElement?.type !== "freedraw" || newElement.points.length < points_max) return;
  const stroke = newElement as ExcalidrawFreeDrawElement;
  mutateElement(stroke, { groupIds: grouped(stroke) } as never, false);
  const next = copied(stroke, partOf(stroke, nextFrom(stroke.points.length)));
  const elements = api.getSceneElementsIncludingDeleted().flatMap((element) => (element.id === stroke.id ? [stroke, next] : [element]));
  api.updateScene({ elements: elements as SceneElement[], appState: { newElement: next } as never });
}

/** Splits an element that is longer than the server allows. */
export function inParts(element: SceneElement): SceneElement[] {
  if (element.type === "text") return textsOf(element);
  if (element.type !== "freedraw" && element.type !== "line") return [element];
  const [first, ...rest] = strokeParts(element as Stroke);
  const whole = changed(element, { ...first, groupIds: grouped(element) } as never);
  return [whole, ...rest.map((part) => copied(whole, part))];
}

/** One below the other. A label's first part stays where it is. */
function textsOf(element: SceneElement & ExcalidrawTextElement): SceneElement[] {
  const [first, ...rest] = textParts(element.originalText);
  const measured = (text: ExcalidrawElement, part: string) =>
    restoreElements([{ ...text, text: part, originalText: part } as ExcalidrawElement], null, { refreshDimensions: true, repairBindings: true })[0] as SceneElement;
  const { text, width, height } = measured(element, first!) as SceneElement & ExcalidrawTextElement;
  const parts = [changed(element, { text, originalText: first!, width, height } as never) as SceneElement];
  for (const part of rest) {
    const { x, y, height: above } = parts.at(-1)!;
    const next = measured(copied(element, { containerId: null } as never), part);
    parts.push({ ...next, x, y: y + above, index: null } as unknown as SceneElement);
  }
  return parts;
}

const grouped = ({ id, groupIds }: ExcalidrawElement) => (groupIds.length ? groupIds : [`parts-${id}`.slice(0, 64)]);

/** A copy with another id and no index yet. */
function copied<E extends ExcalidrawElement>(element: E, changes: object): SceneElement {
  const id = crypto.randomUUID();
  const versionNonce = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  return { ...element, ...changes, id, index: null, version: 1, versionNonce, boundElements: null } as unknown as SceneElement;
}

/**
 * Prepares elements from the wire for the canvas.
 *
 * restoreElements fills in fields whose lack would crash the canvas, but also rewrites indexes of unsorted lists, bumps
 * versions, and drops elements that it does not know or that are invisible. Here indexes and versions stay. `elements`:
 * those for the canvas; a change that was dropped, such as a tombstone, is laid over the element in `here`. `unknown`: of
 * unknown types. `broken`: unreadable. Hatching that would cost too much becomes a solid fill.
 */
export function restored(
  arrived: readonly WireElement[],
  here: ReadonlyMap<string, SceneElement>,
): { elements: SceneElement[]; unknown: WireElement[]; broken: readonly WireElement[] } {
  const usable = arrived.filter(hasUsableId).map(sound).sort(compareOrder);
  const { known, broken } = read(usable);
  const elements: SceneElement[] = [];
  const unknown: WireElement[] = [];
  for (const wire of usable) {
    const { id, index, version, versionNonce } = wire;
    if (broken.includes(wire)) continue;
    const base = known.get(id) ?? (here.has(id) ? { ...here.get(id), ...wire } : null);
    if (base) elements.push({ ...base, index, version, versionNonce } as unknown as SceneElement);
    else if (!wire.isDeleted) unknown.push(wire);
  }
  return { elements: [...withinBudget(elements, here.values())], unknown, broken: [...arrived.filter((wire) => !hasUsableId(wire)), ...broken] };
}

/** Restores elements, by id. Those on which restoreElements throws are `broken`, found by halving the list. */
function read(sorted: readonly WireElement[]): { known: Map<string, SceneElement>; broken: readonly WireElement[] } {
  try {
    return { known: new Map(restoreElements(asScene(sorted), null).map((element) => [element.id, element])), broken: [] };
  } catch {
    if (sorted.length === 1) return { known: new Map(), broken: sorted };
    const half = sorted.length >> 1;
    const [first, second] = [read(sorted.slice(0, half)), read(sorted.slice(half))];
    return { known: new Map([...first.known, ...second.known]), broken: [...first.broken, ...second.broken] };
  }
}

/** A copy with changes, as a new version. */
export function changed<E extends ExcalidrawElement>(element: E, changes: Partial<Omit<E, "id" | "version" | "versionNonce">>): E {
  return newElementWith(element, changes as Parameters<typeof newElementWith<E>>[1]);
}

/** Tombstones of elements that the canvas does not hold, as new versions. */
export function asTombstones(elements: readonly WireElement[]): readonly WireElement[] {
  return asWire(asScene(elements).map((element) => changed(element as ExcalidrawElement, { isDeleted: true }) as SceneElement));
}

/**
 * Puts an element at another place in the order, as a new version that beats `over`.
 *
 * In place, as Excalidraw's own repair does: it goes on drawing on the object that it began with.
 */
export function moveInPlace(element: SceneElement, index: string, over = 0): SceneElement {
  Object.assign(element, { version: Math.max(element.version, over) });
  return mutateElement(element, { index } as Partial<SceneElement> as never, false);
}

/** Takes over the version that the server made by moving an element of ours. In place, as above. */
export function takeMove(element: SceneElement, { index, version, versionNonce }: WireElement): SceneElement {
  return Object.assign(element, { index, version, versionNonce });
}

/** Replaces the scene; elements left out are removed without a tombstone, so pass all of them. Not an undo step. */
export function replaceScene(api: BoardApi, elements: readonly SceneElement[]): void {
  api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
}

/** Replaces the scene, and the background unless it is null, as an edit that can be undone. */
export function replaceAsEdit(api: BoardApi, elements: readonly SceneElement[], background: string | null = null): void {
  const appState = background === null ? {} : { appState: { viewBackgroundColor: background } };
  api.updateScene({ elements, ...appState, captureUpdate: CaptureUpdateAction.IMMEDIATELY });
}

export const backgroundOf = (api: BoardApi): string => api.getAppState().viewBackgroundColor;

/** Not an undo step. */
export function showBackground(api: BoardApi, viewBackgroundColor: string): void {
  api.updateScene({ appState: { viewBackgroundColor }, captureUpdate: CaptureUpdateAction.NEVER });
}

export function showCursors(api: BoardApi, people: ReadonlyMap<string, Collaborator>): void {
  const cursors = new Map<SocketId, Cursor>();
  for (const [session, { id, name, pointer, button, selected, idle }] of people) {
    cursors.set(session as SocketId, {
      id, // Excalidraw hashes the hue from it
      username: name,
      pointer,
      button,
      selectedElementIds: Object.fromEntries((selected ?? []).map((selectedId) => [selectedId, true as const])),
      userState: (idle ?? "active") as UserIdleState,
    });
  }
  api.updateScene({ collaborators: cursors });
}

const svg = "image/svg+xml";

/** Pictures that are on the server. */
export function addFiles(api: BoardApi, files: Record<string, BoardFile>): void {
  const added = Object.entries(files).map(([id, { url, mime_type }]) => ({
    id: id as FileId,
    dataURL: url as BinaryFileData["dataURL"], // an address of our own origin serves as well, and is far smaller
    mimeType: mime_type as BinaryFileData["mimeType"],
    created: Date.now(),
  }));
  api.addFiles(added.filter(({ mimeType }) => mimeType !== svg));
  // Of an SVG Excalidraw reads the text itself, which an address is not.
  for (const drawing of added.filter(({ mimeType }) => mimeType === svg)) void embed(drawing).then(() => api.addFiles([drawing]));
}

/** Pictures as the files of an initial scene. */
export function asFiles(pictures: readonly Picture[]): Files {
  return Object.fromEntries(pictures.map((picture) => [picture.id, { ...picture, created: Date.now() } as BinaryFileData]));
}

/**
 * Loads the code with which Excalidraw makes big pictures smaller. It would fetch it when the first one is pasted: offline by
 * then, the picture would stay at full size.
 */
export async function prepareForPictures(): Promise<void> {
  // @ts-expect-error Excalidraw's own dependencies, without types: its chunks are wanted, not what they export
  await Promise.allSettled([import("pica"), import("image-blob-reduce"), import("./storable")]);
}

/** The file of a picture; undefined until it has arrived. */
export function fileOf(files: BinaryFiles, id: string): BinaryFileData | undefined {
  // eslint-disable-next-line no-restricted-syntax -- after Object.hasOwn
  return Object.hasOwn(files, id) ? files[id] : undefined;
}

/** Pictures that are not on the server yet. */
export function addPictures(api: BoardApi, pictures: readonly Picture[]): void {
  api.addFiles(pictures.map(({ id, mimeType, dataURL }) => ({ id, mimeType, dataURL, created: Date.now() }) as BinaryFileData));
}

/**
 * Replaces the URLs of files by data URLs, so that copies and exports contain their pictures.
 *
 * In place, as addFiles never overwrites an id. A picture that cannot be fetched keeps its URL.
 */
export async function embedFiles(api: BoardApi): Promise<void> {
  await Promise.all(Object.values(api.getFiles()).map(embed));
}

async function embed(file: BinaryFileData): Promise<void> {
  if (file.dataURL.startsWith("data:")) return;
  const answer = await fetch(file.dataURL).catch(() => null);
  if (answer?.ok) Object.assign(file, { dataURL: await getDataURL(await answer.blob()) });
}

/** Elements as an .excalidraw document, with those that this canvas cannot draw. */
export async function asDocument(api: BoardApi, unknown: readonly WireElement[], elements = api.getSceneElements()): Promise<Blob> {
  await embedFiles(api);
  const scene = JSON.parse(serializeAsJSON(elements, api.getAppState(), api.getFiles(), "local")) as {
    elements: unknown[];
  };
  scene.elements.push(...unknown);
  return new Blob([JSON.stringify(scene, null, 2)], { type: "application/vnd.excalidraw+json" });
}

/** Scene units: left, top, right, bottom. */
export function boundsOf(elements: readonly SceneElement[]): readonly [number, number, number, number] {
  return getCommonBounds(elements);
}

/** A frame and what is in it. */
export function inFrame(elements: readonly SceneElement[], frame: string): SceneElement[] {
  return elements.filter((element) => element.id === frame || element.frameId === frame);
}

interface Look {
  /** Id of the frame that is drawn alone, cut at its border. */
  frame: string | null;
  scale: number;
  background: boolean;
  dark: boolean;
  embed: boolean;
}

/** Draws elements as they are on the canvas. Their pictures must be embedded (see embedFiles). */
export function drawPng(api: BoardApi, elements: readonly SceneElement[], look: Look, margin: number): Promise<Blob> {
  return exportToBlob({
    ...drawn(api, elements, look, margin),
    mimeType: "image/png",
    getDimensions: (width, height) => ({ width: width * look.scale, height: height * look.scale, scale: look.scale }),
  });
}

export async function drawSvg(api: BoardApi, elements: readonly SceneElement[], look: Look, margin: number): Promise<Blob> {
  const { outerHTML } = await exportToSvg(drawn(api, elements, look, margin));
  return new Blob([outerHTML], { type: "image/svg+xml" });
}

function drawn(api: BoardApi, elements: readonly SceneElement[], { frame, background, dark, embed }: Look, margin: number) {
  return {
    elements: elements as readonly NonDeletedExcalidrawElement[],
    files: api.getFiles(),
    exportPadding: margin,
    exportingFrame: frame ? (elements.find(({ id }) => id === frame) as unknown as ExcalidrawFrameElement) : null,
    appState: { ...api.getAppState(), exportBackground: background, exportWithDarkMode: dark, exportEmbedScene: embed },
  };
}

/** Draws a region at width × height pixels in light mode. ground: the opaque colour behind it. */
export function drawRegion(
  elements: readonly NonDeletedExcalidrawElement[],
  files: BinaryFiles,
  region: Region,
  size: { width: number; height: number; scale: number },
  ground: string,
  jpeg_quality?: number,
): Promise<Blob> {
  const frame = { ...blankFrame, ...region } as unknown as ExcalidrawFrameElement;
  const withPictures = elements.some((element) => element.type === "image");
  return exportToBlob({
    elements: elements.map((element) => ({ ...element, frameId: null })) as NonDeletedExcalidrawElement[],
    files,
    exportingFrame: frame,
    exportPadding: 0,
    appState: { exportBackground: true, viewBackgroundColor: ground, exportWithDarkMode: false },
    getDimensions: () => size,
    // Lines compress best and exactly as PNG; photographs would be megabytes.
    ...(jpeg_quality ? { mimeType: "image/jpeg", quality: jpeg_quality } : withPictures ? { mimeType: "image/webp", quality: 0.92 } : { mimeType: "image/png" }),
  });
}

const blankFrame = {
  id: "snapshot",
  type: "frame",
  angle: 0,
  strokeColor: "#bbb",
  backgroundColor: "transparent",
  fillStyle: "solid",
  strokeWidth: 1,
  strokeStyle: "solid",
  roughness: 0,
  opacity: 100,
  groupIds: [],
  frameId: null,
  index: "a0",
  roundness: null,
  seed: 1,
  version: 1,
  versionNonce: 1,
  isDeleted: false,
  boundElements: null,
  updated: 1,
  link: null,
  locked: false,
  name: null,
};

/** Where a region of the scene lies within the canvas, in CSS pixels. */
export function onScreen(api: BoardApi, region: Region): Region {
  const state = api.getAppState();
  const { x, y } = sceneCoordsToViewportCoords({ sceneX: region.x, sceneY: region.y }, state);
  const zoom = state.zoom.value;
  return { x: x - state.offsetLeft, y: y - state.offsetTop, width: region.width * zoom, height: region.height * zoom };
}

/** The part of the scene that is in view. */
export function inView(api: BoardApi): Region {
  const { scrollX, scrollY, zoom, width, height } = api.getAppState();
  return { x: -scrollX, y: -scrollY, width: width / zoom.value, height: height / zoom.value };
}

export function viewOf(api: BoardApi): View {
  const { scrollX, scrollY, zoom } = api.getAppState();
  return { scrollX, scrollY, zoom: zoom.value };
}

/** Ends no following. zooming: elements are not drawn anew for each of many zooms, until a view without it is set. */
export function setView(api: BoardApi, { scrollX, scrollY, zoom }: View, zooming = false): void {
  const appState = { scrollX, scrollY, zoom: { value: zoom as AppState["zoom"]["value"] }, shouldCacheIgnoreZoom: zooming };
  api.updateScene({ appState, captureUpdate: CaptureUpdateAction.NEVER });
}

/** Shows a region of the scene in the middle of the view, as large as it goes. Ends no following. */
export function fitView(api: BoardApi, region: Region): void {
  const { width, height } = api.getAppState();
  const zoom = possibleZoom(Math.min(width / region.width, height / region.height));
  const middle = { x: region.x + region.width / 2, y: region.y + region.height / 2 };
  setView(api, { scrollX: width / 2 / zoom - middle.x, scrollY: height / 2 / zoom - middle.y, zoom });
}

export const isViewOnly = (api: BoardApi): boolean => api.getAppState().viewModeEnabled;

/** True if fingers do not draw. */
export const isPenMode = (api: BoardApi): boolean => api.getAppState().penMode;

/** True if the tool that is chosen selects what is tapped. */
export const tapsSelect = (api: BoardApi): boolean => api.getAppState().activeTool.type === "selection";

/** At once, since the event that is being dispatched must find it. From now on there is a button for it among the tools. */
export function setPenMode(api: BoardApi, penMode: boolean): void {
  flushSync(() => api.updateScene({ appState: { penMode, penDetected: true }, captureUpdate: CaptureUpdateAction.NEVER }));
}

/**
 * Ends touches of which Excalidraw knows, and takes away what they are drawing. At once, as above, or else what begins next
 * would be half of an undo step. touches: the last event of each.
 */
export function dropTouches(api: BoardApi, touches: Iterable<PointerEvent>): void {
  for (const { pointerId, pointerType, clientX, clientY } of touches) {
    const { newElement } = api.getAppState();
    flushSync(() => {
      if (newElement) api.updateScene({ elements: withTombstone(api, newElement.id), appState: { newElement: null, suggestedBindings: [] } as never, captureUpdate: CaptureUpdateAction.NEVER });
    });
    // Excalidraw waits for it there; on the canvas it would be a tap.
    flushSync(() => void document.dispatchEvent(new PointerEvent("pointerup", { pointerId, pointerType, clientX, clientY, bubbles: true })));
  }
}

const withTombstone = (api: BoardApi, id: string) =>
  api.getSceneElementsIncludingDeleted().map((element) => (element.id === id ? changed(element, { isDeleted: true }) : element));

/** Scrolls to a region of the scene, "fitted": zooms too, as far as it fits. */
export function glideTo(api: BoardApi, region: Region, how: "fitted" | "centred"): void {
  const spot = [{ ...region, id: "region", type: "rectangle", angle: 0 } as unknown as SceneElement];
  api.scrollToContent(spot, how === "fitted" ? { fitToViewport: true, viewportZoomFactor: 1, animate: true } : { animate: true });
}

/** The session that the canvas says it follows; null: none. The canvas ends that when a hand moves it or the session leaves. */
export function followedSession(api: BoardApi): string | null {
  return api.getAppState().userToFollow?.socketId ?? null;
}

export function setFollowed(api: BoardApi, followed: { session: string; name: string } | null): void {
  const userToFollow = followed && { socketId: followed.session as SocketId, username: followed.name };
  api.updateScene({ appState: { userToFollow }, captureUpdate: CaptureUpdateAction.NEVER });
}

export function stopFollowing(api: BoardApi): void {
  if (followedSession(api)) setFollowed(api, null);
}

/** Calls the listener when following begins or has ended. */
export function onFollowed(api: BoardApi, listener: () => void): () => void {
  return api.onUserFollow(listener);
}

/** Scrolls and zooms to elements, never beyond 100 %. */
export function bringIntoView(api: BoardApi, elements: readonly SceneElement[], animate: boolean): void {
  if (!elements.length) return;
  const { width, height } = api.getAppState();
  if (!isPhoneLayout(width, height)) return api.scrollToContent(elements, { fitToViewport: true, viewportZoomFactor: 0.8, maxZoom: 1, animate });
  const [left, top, right, bottom] = boundsOf(elements);
  const free = { width: width - phone_bars.left - phone_bars.right, height: height - phone_bars.top - phone_bars.bottom };
  // Excalidraw rounds a zoom down to tenths, which on the smallest phones leaves two thirds of what fits.
  const zoom = Math.min(1, free.width / (right - left), free.height / (bottom - top));
  api.scrollToContent(elements, { fitToViewport: true, canvasOffsets: phone_bars, minZoom: zoom, maxZoom: zoom, animate });
}

/** What Excalidraw's bars cover of the canvas in its phone layout, and a frame's name beneath the upper one; CSS px. */
const phone_bars = { top: 80, right: 44, bottom: 72, left: 12 };

/** Moves what is in view by so many CSS pixels to the right and down. */
export function moveView(api: BoardApi, right_px: number, down_px: number): void {
  const { scrollX, scrollY, zoom } = api.getAppState();
  api.updateScene({ appState: { scrollX: scrollX + right_px / zoom.value, scrollY: scrollY + down_px / zoom.value }, captureUpdate: CaptureUpdateAction.NEVER });
}

/** True if Excalidraw uses its phone layout, which has no footer and no space at the top right. */
export function isPhoneLayout(width: number, height: number): boolean {
  return width < 730 || (height < 500 && width < 1000);
}

export function takeFrameTool(api: BoardApi): void {
  api.setActiveTool({ type: "frame" });
}

export function takePenTool(api: BoardApi): void {
  api.setActiveTool({ type: "freedraw" });
}

export type Tool = "selection" | "hand" | "rectangle" | "diamond" | "ellipse" | "arrow" | "line" | "freedraw" | "text" | "image" | "eraser" | "frame" | "laser";

/** For a picture, it asks which one, and puts it into the middle of the view. */
export function takeTool(api: BoardApi, tool: Tool): void {
  api.setActiveTool(tool === "image" ? { type: tool, insertOnCanvasDirectly: true } : { type: tool });
}

/** Opens the main menu, which has the colours of the background. */
export function openMainMenu(api: BoardApi): void {
  api.updateScene({ appState: { openMenu: "canvas" } as never, captureUpdate: CaptureUpdateAction.NEVER });
}

export function selectedCount(api: BoardApi): number {
  return Object.keys(api.getAppState().selectedElementIds).length;
}

/** Opens the field for the link of the selected element. */
export function editLink(api: BoardApi): void {
  api.updateScene({ appState: { showHyperlinkPopup: "editor" } as never, captureUpdate: CaptureUpdateAction.NEVER });
}

/** Selects one element and nothing else. */
export function selectOnly(api: BoardApi, id: string): void {
  api.updateScene({ appState: { selectedElementIds: { [id]: true }, selectedGroupIds: {} }, captureUpdate: CaptureUpdateAction.NEVER });
}

/** A frame around a region, selected, as an edit that can be undone; what lies wholly in it and in no other frame belongs to it. */
export function addFrame(api: BoardApi, id: string, region: Region): void {
  const within = ({ x, y, width, height }: SceneElement) =>
    x >= region.x && y >= region.y && x + width <= region.x + region.width && y + height <= region.y + region.height;
  const versionNonce = Math.floor(Math.random() * 2 ** 31);
  const frame = { ...blankFrame, ...region, id, index: null, versionNonce, updated: Date.now() } as unknown as SceneElement;
  const elements = api.getSceneElementsIncludingDeleted().map((each) => {
    const element = each as SceneElement;
    const joins = !element.isDeleted && !element.frameId && element.type !== "frame" && element.type !== "magicframe" && within(element);
    return joins ? changed(element, { frameId: id }) : element;
  });
  api.updateScene({
    elements: [...elements, frame],
    appState: { selectedElementIds: { [id]: true }, selectedGroupIds: {} },
    captureUpdate: CaptureUpdateAction.IMMEDIATELY,
  });
}

/**
 * Gives an opened help window the focus, without which Escape does not close it: Excalidraw puts it on the first link,
 * and those lead to other people's servers and are hidden (Board.css).
 */
export function focusHelp(): void {
  setTimeout(() => document.querySelector<HTMLElement>(".HelpDialog .Modal__content")?.focus(), 50);
}
