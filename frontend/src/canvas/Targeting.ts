import { uuid } from "../api/ids";
import type { Job, Region, Sees } from "../api/types";
import { boundsOf as boxOf, type Extent } from "../generation/bounds";
import type { BoardPort } from "../generation/BoardPort";
import type { MaskState, maskState as MaskStateOf } from "../generation/mask";
import { noteOf, type Note } from "../generation/note";
import { elementsSeen, longest_side_px, onPaper, snapshotSize } from "../generation/snapshot";
import { chooseTarget, type Shape, type Target } from "../generation/target";
import type { RoomClient } from "../room/RoomClient";
import { showOf, type Show } from "../generation/inPlace";
import type { StagingPort } from "../staging/StagingPort";
import { addFrame, backgroundOf, boundsOf, bringIntoView, changed, drawRegion, heldIds, inView, onScreen, selectOnly, takeFrameTool, takePenTool, type BoardApi, type ImageElement, type SceneElement } from "./excalidraw";
import type { SceneSync } from "./sceneSync";
import { t } from "../language/t";

const look_again_ms = 120;
const words_only_side = 512;
const frame_margin = 20;
const saved_wait_ms = 4_000;

/** The board as generation and staging see it: the target, its pictures, and where jobs lie on the screen. */
export class Targeting implements BoardPort, StagingPort {
  private aim: Target | null = null;
  private signature = 0;
  private seenCount = 0;
  private selection = "";
  private held: string | null = null;
  private maskState: typeof MaskStateOf | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[];

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    private readonly sync: SceneSync,
  ) {
    const soon = () => this.updateSoon();
    this.stops = [api.onChange(soon), api.onScrollChange(soon), room.statusChanged.on(soon)];
    this.update();
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

  async snapshot(target: Target, longest_px = longest_side_px, sees: Sees = "sketch"): Promise<Blob> {
    const current = this.atItsPlace(target);
    const choose = sees === "pictures_and_mask" ? (await import("../generation/mask")).picturesOf : elementsSeen;
    return this.draw(choose(this.shapes(), current), current, longest_px, onPaper(backgroundOf(this.api)));
  }

  async mask(target: Target, longest_px = longest_side_px): Promise<Blob> {
    const { maskOf, picturesOf, white } = await import("../generation/mask");
    const current = this.atItsPlace(target);
    if (!picturesOf(this.shapes(), current).length) throw new Error(t("There is no picture here to repaint."));
    return this.draw(maskOf(this.shapes(), current), current, longest_px, white);
  }

  private atItsPlace(target: Target): Target {
    const element = this.find(target.id);
    return element ? { ...target, region: regionOf(element) } : target;
  }

  private draw(elements: readonly Shape[], { region }: Target, longest_px: number, ground: string): Promise<Blob> {
    return drawRegion(elements as never, this.api.getFiles(), region, snapshotSize(region, longest_px), ground);
  }

  async saved(): Promise<void> {
    this.sync.settle();
    await this.room.saved(saved_wait_ms);
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

  readonly frameSelection = (): void => {
    const { selectedElementIds } = this.api.getAppState();
    const chosen = this.api.getSceneElements().filter(({ id, type }) => Object.hasOwn(selectedElementIds, id) && type !== "frame") as SceneElement[];
    addFrame(this.api, uuid(), chosen.length ? around(boundsOf(chosen)) : this.middleOfView());
  };

  drawRegion(): void {
    takeFrameTool(this.api);
  }

  takePen(): void {
    takePenTool(this.api);
  }

  aimAt(id: string): boolean {
    if (!this.find(id)) return false;
    selectOnly(this.api, id);
    this.selection = id; // Excalidraw selects it a moment later
    this.take(chooseTarget(this.shapes(), new Set([id]), inView(this.api)));
    return true;
  }

  hold(picture: string | null): void {
    if (this.held === picture) return;
    this.held = picture;
    this.updateSoon();
  }

  readonly masked = (): MaskState => {
    if (!this.aim) return "no_picture";
    if (this.maskState) return this.maskState(this.shapes(), this.aim);
    void import("../generation/mask").then(({ maskState }) => {
      this.maskState = maskState;
      for (const listener of this.listeners) listener();
    });
    return "unmarked";
  };

  show(job: Job): void {
    const spot = this.spot(job);
    if (spot) bringIntoView(this.api, [{ ...spot, id: "region", type: "rectangle", angle: 0 } as unknown as SceneElement], true);
  }

  showElement(id: string): boolean {
    const element = this.find(id);
    if (element) bringIntoView(this.api, [element], true);
    return element !== undefined;
  }

  has(id: string): boolean {
    return this.find(id) !== undefined;
  }

  isAtRest(): boolean {
    const { selectedElementIds } = this.api.getAppState();
    return Object.keys(selectedElementIds).length === 0 && heldIds(this.api).size === 0;
  }

  place(job: Job): Region | null {
    const spot = this.spot(job);
    return spot && onScreen(this.api, spot);
  }

  shownAs({ frame }: Job): Show | null {
    const element = frame ? this.find(frame) : undefined;
    return element?.type === "image" ? showOf(element as ImageElement) : null;
  }

  placeOf(id: string): Region | null {
    const element = this.find(id);
    return element ? onScreen(this.api, boxOf(element as unknown as Extent)) : null;
  }

  screen(): { width: number; height: number } {
    const { width, height } = this.api.getAppState();
    return { width, height };
  }

  view(): Region {
    return inView(this.api);
  }

  /** The first place that is kept for a job's pictures; it moves along with the job's frame. Without one, the frame. */
  private spot({ frame, region, spots }: Job): Region | null {
    const element = frame ? this.find(frame) : undefined;
    const spot = spots?.[0];
    if (!spot || !region) return element ? regionOf(element) : region;
    return element ? { ...spot, x: spot.x + element.x - region.x, y: spot.y + element.y - region.y } : spot;
  }

  onMove(listener: () => void): () => void {
    const stops = [this.api.onScrollChange(listener), this.api.onChange(listener)];
    window.addEventListener("resize", listener);
    return () => {
      window.removeEventListener("resize", listener);
      for (const stop of stops) stop();
    };
  }

  private updateSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.update();
    }, look_again_ms);
  }

  private update(): void {
    const shapes = this.shapes();
    const selected = Object.keys(this.api.getAppState().selectedElementIds);
    const key = selected.join();
    const aim = this.targetWhileTyping(shapes, key) ?? this.targetHeld(shapes, selected) ?? chooseTarget(shapes, new Set(selected), inView(this.api));
    this.selection = key;
    this.take(aim);
  }

  private take(aim: Target | null): void {
    const signature = aim ? signatureOf(withResults(this.shapes(), aim) as SceneElement[], aim, this.api.getFiles(), backgroundOf(this.api)) : 0;
    const moved = JSON.stringify(aim) !== JSON.stringify(this.aim);
    if (!moved && signature === this.signature) return;
    if (moved) this.aim = aim;
    if (signature !== this.signature) this.seenCount += 1;
    this.signature = signature;
    for (const listener of this.listeners) listener();
  }

  /** The present target while the panel has the focus: scrolling must not put another frame's prompt under the cursor. */
  private targetWhileTyping(shapes: readonly Shape[], selection: string): Target | null {
    if (!this.aim || selection !== this.selection || !document.activeElement?.closest(".prompt-panel")) return null;
    const element = shapes.find(({ id }) => id === this.aim!.id);
    return element ? chooseTarget(shapes, new Set([element.id]), inView(this.api)) : null;
  }

  /** The picture that is being drawn over, until another picture or a frame is selected. */
  private targetHeld(shapes: readonly Shape[], selected: readonly string[]): Target | null {
    const held = this.held && shapes.find(({ id }) => id === this.held);
    const other = shapes.some(({ id, type }) => id !== this.held && (type === "frame" || type === "image") && selected.includes(id));
    return held && !other ? chooseTarget(shapes, new Set([held.id]), inView(this.api)) : null;
  }

  private shapes(): readonly Shape[] {
    return this.api.getSceneElements() as unknown as readonly Shape[];
  }

  private find(id: string): SceneElement | undefined {
    return this.api.getSceneElements().find((element) => element.id === id) as SceneElement | undefined;
  }
}

/** Left, top, right and bottom with a margin. */
function around([left, top, right, bottom]: readonly [number, number, number, number]): Region {
  return { x: left - frame_margin, y: top - frame_margin, width: right - left + 2 * frame_margin, height: bottom - top + 2 * frame_margin };
}

export function regionOf({ x, y, width, height }: Region): Region {
  return { x, y, width, height };
}

/** The elements that any kind may be given: repainting is given results too. */
function withResults(shapes: readonly Shape[], aim: Target): Shape[] {
  const seen = elementsSeen(shapes, aim);
  return [...seen, ...shapes.filter((shape) => shape.frameId === aim.id && shape.type === "image" && !seen.includes(shape))];
}

/** A hash of 32 bits that differs whenever the snapshot would: by elements, their order, loaded files, or the background. */
export function signatureOf(elements: readonly SceneElement[], { region }: Target, files: Record<string, unknown>, background: string): number {
  // Within 32 bits: beyond 2^53 products lose their last bits, and with them the arrival of a file.
  let hash = 0;
  const mix = (value: number) => void (hash = (Math.imul(hash, 31) + value) | 0);
  for (const character of `${[region.x, region.y, region.width, region.height].join()} ${background}`) mix(character.charCodeAt(0));
  for (const element of elements) {
    mix(element.versionNonce);
    mix(element.version);
    mix(element.type === "image" && element.fileId && Object.hasOwn(files, element.fileId) ? 1 : 0);
  }
  return hash >>> 0;
}
