import type { Job, Region } from "../api/types";
import type { Show } from "../generation/inPlace";
import type { Target } from "../generation/target";

/** What staging needs of the board. Implemented in canvas/, so that this folder knows no canvas. */
export interface StagingPort {
  readonly mayEdit: boolean;
  readonly target: () => Target | null;
  readonly subscribe: (listener: () => void) => () => void;
  /** Where the picture of a job will be, on the canvas in CSS pixels; null if nobody knows. */
  place(job: Job): Region | null;
  /** Size of the canvas in CSS pixels. */
  screen(): { width: number; height: number };
  /** How the picture that a job was asked for shows its file; null if it is none, or gone. */
  shownAs(job: Job): Show | null;
  /** Calls the listener when places may have moved, by scrolling, zooming or edits; returns a function that stops it. */
  onMove(listener: () => void): () => void;
  /** Brings the place of a job into view. */
  show(job: Job): void;
  /** Brings an element into view; false if it is no longer on the board. */
  showElement(id: string): boolean;
  /** Whether an element stands on the board. */
  has(id: string): boolean;
  /** True if nothing is selected or edited: the arrow keys move nothing on the canvas. */
  isAtRest(): boolean;
}
