import { noteOf } from "../generation/note";
import { t } from "../language/t";
import type { SceneElement } from "./excalidraw";

export interface NamedFrame {
  id: string;
  name: string;
}

/** The frames of a scene in reading order. A frame without a name is called by its prompt, or by its number. */
export function namedFrames(elements: readonly SceneElement[]): NamedFrame[] {
  const frames = elements.filter(({ type, isDeleted }) => type === "frame" && !isDeleted);
  return inReadingOrder(frames).map((frame, index) => ({ id: frame.id, name: nameOf(frame) || t("Frame {n}", { n: index + 1 }) }));
}

function nameOf(frame: SceneElement): string {
  const own = "name" in frame && typeof frame.name === "string" ? frame.name.trim() : "";
  return own || (noteOf(frame).prompt ?? "").trim();
}

/** Row by row. What begins above the middle of a row's highest element stands in that row. */
function inReadingOrder(elements: readonly SceneElement[]): SceneElement[] {
  const rows: SceneElement[][] = [];
  for (const element of elements.toSorted((one, other) => one.y - other.y)) {
    const highest = rows.at(-1)?.[0];
    if (highest && element.y < highest.y + highest.height / 2) rows.at(-1)!.push(element);
    else rows.push([element]);
  }
  return rows.flatMap((row) => row.sort((one, other) => one.x - other.x));
}
