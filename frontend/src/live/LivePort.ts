import type { Region } from "../api/types";

/** What live redraw asks of the board. Implemented by board/, so that this folder knows no canvas. */
export interface LivePort {
  readonly mayEdit: boolean;
  /** Where the frame lies on the canvas in CSS pixels, null when it is gone. */
  place(frame: string): Region | null;
  region(frame: string): Region | null;
  /** 32 bits that differ whenever the frame would look different, the same in every browser; null when it is gone. */
  look(frame: string): number | null;
  /** Somebody here draws, or has something selected, and must see what is below the picture. */
  isTouched(): boolean;
  /** The frame as a JPEG that the server takes. */
  jpeg(frame: string): Promise<Blob | null>;
  /** The frame as a job takes it. */
  snapshot(frame: string): Promise<Blob>;
  /** Tells when any of that may have changed. */
  onMove(listener: () => void): () => void;
}
