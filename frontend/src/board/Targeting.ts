import type { Job, Region } from "../api/types";
import type { BoardPort } from "../generation/boardPort";
import { elementsSeen, longest_side_px, snapshotSize } from "../generation/snapshot";
import { chooseTarget, noteOf, type Note, type Shape, type Target } from "../generation/target";
import type { RoomClient } from "../room/RoomClient";
import { bringIntoView, changed, drawRegion, inView, onScreen, takeFrameTool, type BoardApi, type SceneElement } from "./excalidraw";
import type { SceneSync } from "./sceneSync";

const look_again_ms = 120;
const words_only_side = 512;

/** Generation's view of the board: what is aimed at, what it looks like, where jobs lie. */
export class Targeting implements BoardPort {
  private aim: Target | null = null;
  private signature = 0;
  private seenCount = 0;
  private selection = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[];

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    private readonly sync: SceneSync,
  ) {
    const soon = () => this.soon();
    this.stops = [api.onChange(soon), api.onScrollChange(soon), room.statusChanged.on(soon)];
    this.look();
  }

  stop(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  get mayEdit(): boolean {
    return this.room.mayEdit;
  }

  readonly target = (): Target | null => this.aim;
  readonly seen = (): number => this.seenCount;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  snapshot(target: Target, longest_px = longest_side_px): Promise<Blob> {
    const now = this.find(target.id);
    const current = now ? { ...target, region: regionOf(now) } : target;
    const elements = elementsSeen(this.shapes(), current);
    return drawRegion(elements as never, this.api.getFiles(), current.region, snapshotSize(current.region, longest_px));
  }

  middleOfView(): Region {
    const view = inView(this.api);
    const side = words_only_side;
    return { x: view.x + (view.width - side) / 2, y: view.y + (view.height - side) / 2, width: side, height: side };
  }

  remember(target: Target, { prompt, kind, strength }: Pick<Note, "prompt" | "kind" | "strength">): void {
    const frame = this.find(target.id);
    if (!frame || !this.mayEdit) return;
    const before = noteOf(frame);
    if (before.prompt === prompt && before.kind === kind && before.strength === strength) return;
    const customData = { ...frame.customData, atelier: { ...before, prompt, kind, strength } };
    this.sync.replace(new Map([[frame.id, changed(frame, { customData })]]));
  }

  drawRegion(): void {
    takeFrameTool(this.api);
  }

  show(job: Job): void {
    const element = job.frame ? this.find(job.frame) : undefined;
    if (element) bringIntoView(this.api, [element], true);
    else if (job.region) bringIntoView(this.api, [{ ...job.region, id: "region", type: "rectangle", angle: 0 } as unknown as SceneElement], true);
  }

  place(job: Job): Region | null {
    const element = job.frame ? this.find(job.frame) : undefined;
    const region = element ? regionOf(element) : job.region;
    return region ? onScreen(this.api, region) : null;
  }

  onMove(listener: () => void): () => void {
    const stops = [this.api.onScrollChange(listener), this.api.onChange(listener)];
    window.addEventListener("resize", listener);
    return () => {
      window.removeEventListener("resize", listener);
      for (const stop of stops) stop();
    };
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.look();
    }, look_again_ms);
  }

  private look(): void {
    const shapes = this.shapes();
    const selected = Object.keys(this.api.getAppState().selectedElementIds);
    const key = selected.join();
    const aim = this.staying(shapes, key) ?? chooseTarget(shapes, new Set(selected), inView(this.api));
    this.selection = key;
    const signature = aim ? signatureOf(elementsSeen(shapes, aim) as SceneElement[], aim, this.api.getFiles()) : 0;
    const moved = JSON.stringify(aim) !== JSON.stringify(this.aim);
    if (!moved && signature === this.signature) return;
    if (moved) this.aim = aim;
    if (signature !== this.signature) this.seenCount += 1;
    this.signature = signature;
    for (const listener of this.listeners) listener();
  }

  /** While somebody types in the panel, scrolling must not put another frame's words under the cursor. */
  private staying(shapes: readonly Shape[], selection: string): Target | null {
    if (!this.aim || selection !== this.selection || !document.activeElement?.closest(".prompt-panel")) return null;
    const element = shapes.find(({ id }) => id === this.aim!.id);
    return element ? chooseTarget(shapes, new Set([element.id]), inView(this.api)) : null;
  }

  private shapes(): readonly Shape[] {
    return this.api.getSceneElements() as unknown as readonly Shape[];
  }

  private find(id: string): SceneElement | undefined {
    return this.api.getSceneElements().find((element) => element.id === id) as SceneElement | undefined;
  }
}

function regionOf({ x, y, width, height }: Region): Region {
  return { x, y, width, height };
}

/** Differs whenever the picture would: any element, its place in the order, or the arrival of a file. */
function signatureOf(elements: readonly SceneElement[], { region }: Target, files: Record<string, unknown>): number {
  let hash = region.x * 3 + region.y * 5 + region.width * 7 + region.height * 11 + elements.length;
  elements.forEach((element, at) => {
    const there = element.type === "image" && element.fileId && files[element.fileId] ? 17 : 0;
    hash = (hash * 31 + element.versionNonce + element.version * 13 + at + there) % 9_007_199_254_740_881;
  });
  return hash;
}
