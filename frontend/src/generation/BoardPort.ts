import type { Job, Region, Sees } from "../api/types";
import type { Note } from "./note";
import type { Target } from "./target";

/** What generation asks of the board it works on. Implemented by board/, so that this folder knows no canvas. */
export interface BoardPort {
  readonly mayEdit: boolean;
  /** What Generate would work on now; the same object until it changes. */
  readonly target: () => Target | null;
  /** Grows whenever what the model would see changes. */
  readonly seen: () => number;
  readonly subscribe: (listener: () => void) => () => void;
  /** sees: what the model is given; by default the sketch. */
  snapshot(target: Target, longest_px?: number, sees?: Sees): Promise<Blob>;
  /** White where the picture would be repainted, black elsewhere; as large as the snapshot. */
  mask(target: Target, longest_px?: number): Promise<Blob>;
  /** Where a picture goes that is made from words alone and has no frame. */
  middleOfView(): Region;
  /** Writes on the frame, for everybody. */
  remember(target: Target, note: Pick<Note, "prompt" | "kind" | "strength">): void;
  /** Hands out the tool that draws a frame. */
  drawRegion(): void;
  /** Brings the place of a job into view. */
  show(job: Job): void;
  /** Where a job's frame lies on the canvas in CSS pixels, null when it is gone. */
  place(job: Job): Region | null;
  /** Tells when places may have moved: scrolling, zooming, edits. */
  onMove(listener: () => void): () => void;
}
