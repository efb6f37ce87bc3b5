import type { Job, Region } from "../api/types";
import { elementsSeen, onPaper, snapshotSize } from "../generation/snapshot";
import type { Shape, Target } from "../generation/target";
import type { LivePort } from "../live/LivePort";
import type { CanvasSession } from "./CanvasSession";
import { backgroundOf, drawRegion, type SceneElement } from "./excalidraw";
import { regionOf, signatureOf } from "./Targeting";

const jpeg_max_bytes = 110 * 1024;
/** Tried in order until the JPEG is small enough; each is about half as large as the one before. */
const looks = [{ side_px: 512, quality: 0.6 }, { side_px: 400, quality: 0.5 }, { side_px: 256, quality: 0.4 }];

/** The board as live redraw sees it. */
export class LiveView implements LivePort {
  constructor(private readonly session: CanvasSession) {}

  get mayEdit(): boolean {
    return this.session.room.mayEdit;
  }

  place(frame: string): Region | null {
    return this.find(frame) ? this.session.targeting.place({ frame } as Job) : null;
  }

  region(frame: string): Region | null {
    const element = this.find(frame);
    return element ? regionOf(element) : null;
  }

  look(frame: string): number | null {
    const target = this.target(frame);
    return target && signatureOf(this.seen(target), target, this.session.canvas.getFiles(), backgroundOf(this.session.canvas));
  }

  isTouched(): boolean {
    const { cursorButton, selectedElementIds } = this.session.canvas.getAppState();
    return cursorButton === "down" || Object.keys(selectedElementIds).length > 0;
  }

  async jpeg(frame: string): Promise<Blob | null> {
    for (const { side_px, quality } of looks) {
      const target = this.target(frame);
      if (!target) return null;
      const size = snapshotSize(target.region, side_px);
      const ground = onPaper(backgroundOf(this.session.canvas));
      const blob = await drawRegion(this.seen(target) as never, this.session.canvas.getFiles(), target.region, size, ground, quality);
      if (blob.size <= jpeg_max_bytes) return blob;
    }
    return null;
  }

  snapshot(frame: string): Promise<Blob> {
    return this.session.targeting.snapshot(this.target(frame)!);
  }

  onMove(listener: () => void): () => void {
    return this.session.targeting.onMove(listener);
  }

  private seen(target: Target): SceneElement[] {
    return elementsSeen(this.session.canvas.getSceneElements() as unknown as readonly Shape[], target) as unknown as SceneElement[];
  }

  private target(frame: string): Target | null {
    const region = this.region(frame);
    return region && { shape: "frame", id: frame, title: "", region, prompt: "" };
  }

  private find(id: string): SceneElement | undefined {
    return this.session.canvas.getSceneElements().find((element) => element.id === id) as SceneElement | undefined;
  }
}
