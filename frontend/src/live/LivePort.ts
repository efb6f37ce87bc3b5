import type { Region } from "../api/types";

/** What live redraw needs of the board. Implemented in canvas/, so that this folder knows no canvas. */
export interface LivePort {
  readonly mayEdit: boolean;
  /** Where the frame lies on the canvas in CSS pixels, null when it is gone. */
  place(frame: string): Region | null;
  region(frame: string): Region | null;
  /** 32 bits that differ whenever the frame would look different, the same in every browser; null when it is gone. */
  look(frame: string): number | null;
  /** True while something is drawn or selected here: the sketch below the picture must be visible then. */
  isTouched(): boolean;
  /** The frame as a JPEG that the server takes. */
  jpeg(frame: string): Promise<Blob | null>;
  /** The frame as a job takes it. */
  snapshot(frame: string): Promise<Blob>;
  /** Calls the listener when any of that may have changed; returns a function that stops it. */
  onMove(listener: () => void): () => void;
}
