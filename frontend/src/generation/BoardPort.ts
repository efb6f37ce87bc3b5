import type { Job, Region, Sees } from "../api/types";
import type { MaskState } from "./mask";
import type { Note } from "./note";
import type { Target } from "./target";

/** What generation needs of the board. Implemented in canvas/, so that this folder knows no canvas. */
export interface BoardPort {
  readonly mayEdit: boolean;
  /** What Generate would start from; the same object until it changes. */
  readonly target: () => Target | null;
  /** A number that grows whenever the snapshot would change. */
  readonly seen: () => number;
  readonly subscribe: (listener: () => void) => () => void;
  /** sees: what the model is given; by default the sketch. */
  snapshot(target: Target, longest_px?: number, sees?: Sees): Promise<Blob>;
  /** White where the picture would be repainted, black elsewhere; as large as the snapshot. */
  mask(target: Target, longest_px?: number): Promise<Blob>;
  /** Resolves when the server has everything that was drawn here, or cannot be waited for. */
  saved(): Promise<void>;
  /** The region of a picture that is made without a target. */
  middleOfView(): Region;
  /** The part of the scene that is in view. */
  view(): Region;
  /** Writes a note on the frame, for everybody. */
  remember(target: Target, note: Pick<Note, "prompt" | "kind" | "strength">): void;
  /** Selects the tool that draws a frame. */
  drawRegion(): void;
  /** Puts a frame around the selection, or in the middle of the view, and selects it. */
  frameSelection(): void;
  /** Selects an element to generate from; false if it is gone. */
  aimAt(id: string): boolean;
  /** Stays with a picture while things are drawn over it, which unselects it; null: no longer. */
  hold(picture: string | null): void;
  /** Whether it is marked what of the target to repaint. */
  readonly masked: () => MaskState;
  /** Selects the tool that draws freely. */
  takePen(): void;
  /** Brings the place of a job into view. */
  show(job: Job): void;
  /** Brings an element into view; false if it is no longer on the board. */
  showElement(id: string): boolean;
  /** Where the picture of a job will be, on the canvas in CSS pixels; null if nobody knows. */
  place(job: Job): Region | null;
  /** Where an element lies on the canvas in CSS pixels, null when it is gone. */
  placeOf(id: string): Region | null;
  /** Size of the canvas in CSS pixels. */
  screen(): { width: number; height: number };
  /** Calls the listener when places may have moved, by scrolling, zooming or edits; returns a function that stops it. */
  onMove(listener: () => void): () => void;
}
