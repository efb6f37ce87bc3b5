import type { Job, Region } from "../api/types";
import type { Target } from "../generation/target";

/** What choosing asks of the board it works on. Implemented by board/, so that this folder knows no canvas. */
export interface StagePort {
  readonly mayEdit: boolean;
  readonly target: () => Target | null;
  readonly subscribe: (listener: () => void) => () => void;
  /** Where a job's frame lies on the canvas in CSS pixels, null when it is gone. */
  place(job: Job): Region | null;
  /** Tells when places may have moved: scrolling, zooming, edits. */
  onMove(listener: () => void): () => void;
  /** Brings the place of a job into view. */
  show(job: Job): void;
  /** Brings an element into view; false if it is on the board no more. */
  showElement(id: string): boolean;
  /** Whether an element stands on the board. */
  has(id: string): boolean;
  /** Nothing is selected: the arrow keys move nothing on the canvas. */
  isAtRest(): boolean;
}
