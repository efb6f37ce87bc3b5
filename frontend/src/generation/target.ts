import type { Kind, Region } from "../api/types";
import { t } from "../language/t";
import { noteOf } from "./note";

/** What a picture is made from: a frame, or a picture on the board. */
export interface Target {
  shape: "frame" | "picture";
  id: string;
  title: string;
  region: Region;
  /** The stored prompt of the frame, not the text being typed here. */
  prompt: string;
  kind?: Kind;
  /** 0 follows the sketch closely, 1 surprises. */
  strength?: number;
  /** Of a picture that was made here with few steps: which one it is. */
  draft?: { job: string; image: string };
  /** Of a picture that was made here: which one it is, and the frame or picture that it was made from. */
  origin?: { job: string; image: string; source: string | null };
}

/** The fields of an element that are needed to choose a target. */
export interface Shape {
  id: string;
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  angle?: number;
  /** Of lines and strokes, from (x, y) on. */
  points?: readonly (readonly [number, number])[];
  frameId?: string | null;
  name?: string | null;
  isDeleted?: boolean;
  customData?: Record<string, unknown>;
}

/**
 * What Generate would work on: the selected frame or picture, else the frame around what is selected, else the frame
 * in view whose middle is nearest to the middle of the view. null: nothing, a region has to be drawn first.
 */
export function chooseTarget(elements: readonly Shape[], selected: ReadonlySet<string>, view: Region): Target | null {
  const frames = elements.filter((element) => element.type === "frame");
  const chosen = elements.filter((element) => selected.has(element.id));
  const only = chosen.filter((element) => element.type === "frame" || element.type === "image");
  if (only.length === 1 && (chosen.length === 1 || only[0]!.type === "frame")) return targetOf(only[0]!, frames);

  const around = new Set(chosen.map((element) => element.frameId));
  const [parent] = around;
  const frame = around.size === 1 && parent ? frames.find(({ id }) => id === parent) : undefined;
  if (frame) return targetOf(frame, frames);

  const nearest = frames.filter((candidate) => overlap(candidate, view)).sort((a, b) => distance(a, view) - distance(b, view));
  return nearest[0] ? targetOf(nearest[0], frames) : null;
}

function targetOf(element: Shape, frames: readonly Shape[]): Target {
  const { prompt = "", kind, strength, job, image, source, draft } = noteOf(element);
  const region = { x: element.x, y: element.y, width: element.width, height: element.height };
  if (element.type === "image") {
    const made = job && image ? { origin: { job, image, source: source ?? null }, ...(draft ? { draft: { job, image } } : {}) } : {};
    return { shape: "picture", id: element.id, title: t("Selected picture"), region, prompt: "", ...made };
  }
  const title = (typeof element.name === "string" && element.name) || (frames.length > 1 ? t("Frame {n}", { n: frames.indexOf(element) + 1 }) : t("Frame"));
  return { shape: "frame", id: element.id, title, region, prompt, kind, strength };
}

export function overlap(a: Region, b: Region): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Scene units by which names, arrowheads and wide strokes may stick out of the box of an element. */
const outside = 60;

/** Where an element may be seen: a turned or unnormalised one may reach further than its box. */
export function reachOf({ x, y, width, height }: Region): Region {
  const reach = Math.hypot(width, height) + outside;
  return { x: x - reach, y: y - reach, width: Math.abs(width) + 2 * reach, height: Math.abs(height) + 2 * reach };
}

function distance(a: Region, b: Region): number {
  return Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}
