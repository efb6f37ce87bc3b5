/** Draws a scene as SVG with Excalidraw's own export code. boards/rendering calls drawScene() and nothing else. */
import "./globals";
import { exportToSvg } from "@excalidraw/utils";
import type { PageElement } from "./dom";
import { tamed, travel, type SceneElement } from "./taming";

interface Request {
  elements: SceneElement[];
  files: Record<string, { mimeType: string; dataURL: string }>;
  /** x, y, width, height in scene units; null: all of it. */
  region: [number, number, number, number] | null;
  /** The id of a frame that is drawn alone, without its outline. */
  frame: string | null;
  padding: number;
  /** null: transparent. */
  background: string | null;
  /** Pixels for each scene unit; null: an SVG, which has no pixels. */
  scale: number | null;
  /** Width of the picture; overrides scale. */
  width_px: number | null;
  /** Width and height that the picture has to fit into, not enlarged beyond scale. */
  within_px: [number, number] | null;
  /** Largest picture; one that would exceed it is drawn smaller. null: no limit. */
  limits: { side_px: number; pixels: number; travel_px: number } | null;
}

type Exported = Parameters<typeof exportToSvg>[0];

/** Returns "WIDTH HEIGHT SCALE SIMPLIFIED SVG"; as JSON the SVG would be escaped, a second copy. See boards/rendering/options.py, RenderResult. */
async function draw(text: string): Promise<string> {
  const request = JSON.parse(text) as Request;
  const { elements, files, region, frame, padding, background } = request;
  const live = inOrder(elements.filter((element) => !element.isDeleted));
  const { elements: seen, simplified } = tamed(region ? touching(live, region) : live);
  const drawn = region ? [...seen, pointAt(region[0], region[1])] : seen;
  const svg = (await exportToSvg({
    data: {
      elements: drawn,
      appState: {
        exportBackground: background !== null,
        viewBackgroundColor: background ?? "transparent",
        exportWithDarkMode: false,
        frameRendering: { enabled: true, clip: true, name: true, outline: true },
      },
      files: Object.fromEntries(Object.entries(files).map(([id, file]) => [id, { id, created: 0, ...file }])),
    } as unknown as Exported["data"],
    config: {
      padding,
      skipInliningFonts: true,
      exportingFrame: frame === null ? null : (live.find(({ id }) => id === frame) ?? null),
    } as Exported["config"],
  })) as unknown as PageElement;
  for (const text of textsIn(svg)) fixText(text);
  if (region) crop(svg, region);
  const { width, height, scale } = sized(svg, request, travel(seen));
  return `${width} ${height} ${scale} ${simplified} ${svg.outerHTML}`;
}

/** Sets the size of the drawing: whole pixels for a picture, at least one. way: travel of the pens. */
function sized(svg: PageElement, { scale, width_px, within_px, limits }: Request, way: number): { width: number; height: number; scale: number } {
  const [width, height] = ["width", "height"].map((side) => Math.max(Number(svg.getAttribute(side)), 1)) as [number, number];
  const fitting = within_px && Math.min(within_px[0] / width, within_px[1] / height, scale ?? Infinity);
  const asked = fitting ?? (width_px === null ? scale : width_px / width);
  const largest = limits && Math.min(limits.side_px / Math.max(width, height), Math.sqrt(limits.pixels / (width * height)), limits.travel_px / way);
  const factor = asked !== null && largest !== null && largest < asked ? largest : asked;
  // Rounded down at a limit, which rounding up would exceed.
  const whole = (side: number) => Math.max(1, factor === asked ? Math.round(side) : Math.floor(side));
  const size = factor === null ? { width, height } : { width: whole(width * factor), height: whole(height * factor) };
  svg.setAttribute("width", size.width);
  svg.setAttribute("height", size.height);
  if (svg.getAttribute("viewBox")?.endsWith(" 0 0")) svg.setAttribute("viewBox", "0 0 1 1"); // nothing is there
  svg.setAttribute("preserveAspectRatio", "none"); // rounding to whole pixels changes the aspect ratio slightly
  return { ...size, scale: factor ?? 1 };
}

/** Elements from bottom to top. Old documents without order keys are in order already. */
function inOrder(elements: SceneElement[]): SceneElement[] {
  if (!elements.every(({ index }) => typeof index === "string")) return elements;
  const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return elements.sort((a, b) => before(a.index!, b.index!) || before(a.id, b.id));
}

/** Elements that may be visible in the region, with the frames that clip them and the texts bound to them. */
function touching(elements: SceneElement[], region: [number, number, number, number]): SceneElement[] {
  const near = elements.filter((element) => reaches(element, region));
  const wanted = new Set(near.map(({ id }) => id));
  for (const { frameId, boundElements } of near) {
    if (frameId) wanted.add(frameId);
    for (const bound of boundElements ?? []) if (bound.type === "text") wanted.add(bound.id);
  }
  return elements.filter(({ id }) => wanted.has(id));
}

/** Scene units by which names, arrowheads and wide strokes may stick out of the box of an element. */
const outside = 60;

/** A turned or unnormalised element may reach further than its box: err on the side of drawing it. */
function reaches({ x, y, width, height, strokeWidth = 1 }: SceneElement, region: [number, number, number, number]): boolean {
  const [left, top, wide, high] = region;
  const reach = Math.hypot(width, height) + outside + 4 * strokeWidth;
  return x - reach < left + wide && left < x + width + reach && y - reach < top + high && top < y + height + reach;
}

function textsIn(root: PageElement): PageElement[] {
  const found: PageElement[] = [];
  const waiting = [root];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    if (at.tagName === "text") found.push(at);
    waiting.push(...at.children);
  }
  return found;
}

/**
 * Sets text as the canvas does. Excalidraw anchors right-to-left text at its end, which is its left edge, even where it is aligned
 * right; and preserves spaces by CSS alone, which not every SVG viewer supports.
 */
function fixText(text: PageElement): void {
  text.setAttribute("xml:space", "preserve");
  const aligned_right = text.getAttribute("direction") === "rtl" && text.getAttribute("text-anchor") === "end" && Number(text.getAttribute("x")) > 0;
  if (aligned_right) text.setAttribute("text-anchor", "start");
}

const probe_id = "atelier-origin";

/** An invisible shape, drawn last: its position in the SVG tells where the scene's coordinates lie. */
function pointAt(x: number, y: number): SceneElement {
  return {
    id: probe_id,
    type: "rectangle",
    x,
    y,
    width: 1,
    height: 1,
    angle: 0,
    strokeColor: "transparent",
    backgroundColor: "transparent",
    fillStyle: "solid",
    strokeWidth: 1,
    strokeStyle: "solid",
    roughness: 0,
    opacity: 0,
    groupIds: [],
    frameId: null,
    roundness: null,
    seed: 1,
    version: 1,
    versionNonce: 1,
    isDeleted: false,
    boundElements: null,
    updated: 1,
    link: null,
    locked: false,
  };
}

/** Crops the SVG to the region; its last child is the probe. */
function crop(svg: PageElement, [, , width, height]: [number, number, number, number]): void {
  const probe = svg.lastChild as PageElement;
  const [, left, top] = /^translate\((\S+) (\S+)\)/.exec(probe.getAttribute("transform") ?? "") ?? [];
  if (left === undefined || top === undefined) throw new Error("the position of the region in the SVG is unknown");
  probe.remove();
  svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const background = svg.children.find((child) => child.tagName === "rect");
  for (const [name, value] of Object.entries({ x: left, y: top, width, height })) background?.setAttribute(name, value);
}

Object.assign(globalThis, { drawScene: draw });
