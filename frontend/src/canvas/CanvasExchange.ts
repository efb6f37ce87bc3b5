import type { Drawing, ExchangePort, FrameChoice, ImportOutcome } from "../exchange/ExchangePort";
import type { CanvasSession } from "./CanvasSession";
import { asDocument, boundsOf, bringIntoView, asTombstones, changed, drawPng, drawSvg, embedFiles, inFrame, replaceAsEdit, type SceneElement } from "./excalidraw";
import { t } from "../language/t";

const margin = 10;
const reveal_wait_ms = 10_000;

/** The board as import and export see it. */
export class CanvasExchange implements ExchangePort {
  constructor(
    private readonly session: CanvasSession,
    readonly title: string,
    /** URL at which the server draws the board, with the elements that this canvas cannot show. */
    private readonly renderUrl: (format: "png" | "svg") => string,
  ) {}

  get mayEdit(): boolean {
    return this.session.room.mayEdit;
  }

  frames(): FrameChoice[] {
    const selected = this.session.canvas.getAppState().selectedElementIds;
    const here = this.elements(null);
    return here
      .filter(({ type }) => type === "frame" || type === "magicframe")
      .sort((a, b) => a.y - b.y || a.x - b.x)
      .map((frame, at) => ({
        id: frame.id,
        name: ("name" in frame && frame.name) || t("Frame {n}", { n: at + 1 }),
        selected: here.some(({ id, frameId }) => Object.hasOwn(selected, id) && (id === frame.id || frameId === frame.id)),
      }));
  }

  size(frame: string | null): { width: number; height: number } {
    const shown = this.elements(frame);
    const around = frame ? shown.filter(({ id }) => id === frame) : shown;
    if (!around.length) return { width: 0, height: 0 };
    const [left, top, right, bottom] = boundsOf(around);
    const edge = frame ? 0 : 2 * margin;
    return { width: right - left + edge, height: bottom - top + edge };
  }

  async draw(drawing: Drawing): Promise<Blob> {
    const { canvas, sync } = this.session;
    if (drawing.embed && !drawing.frame && sync.notShown.length) return this.drawnByServer(drawing);
    await embedFiles(canvas);
    const elements = this.elements(drawing.frame);
    return drawing.format === "png" ? drawPng(canvas, elements, drawing, margin) : drawSvg(canvas, elements, drawing, margin);
  }

  document(frame: string | null): Promise<Blob> {
    const unknown = this.session.sync.notShown.filter((element) => !frame || element.frameId === frame);
    return asDocument(this.session.canvas, unknown, this.elements(frame));
  }

  remember(): (outcome: ImportOutcome) => void {
    const before = new Map(this.all().map((element) => [element.id, { ...element }]));
    return ({ added_ids, updated_ids, revived_ids }) => {
      const added = new Set([...added_ids, ...revived_ids]); // what was deleted before is deleted again
      const updated = new Set(updated_ids);
      this.takeBackUnknown(added);
      replaceAsEdit(
        this.session.canvas,
        this.all().map((element) => {
          if (added.has(element.id)) return changed(element, { isDeleted: true });
          const earlier = updated.has(element.id) ? before.get(element.id) : undefined;
          return earlier ? changed(element, earlier) : element;
        }),
      );
    };
  }

  async showAsEdit<Change extends ImportOutcome & { clock: number }>(request: () => Promise<Change>): Promise<Change> {
    const { change } = await this.session.sync.showAsEdit(async () => {
      const change = await request();
      return { change, clock: change.clock, elements: [...change.added_ids, ...change.updated_ids, ...change.revived_ids] };
    });
    return change;
  }

  reveal(ids: readonly string[]): void {
    const wanted = new Set(ids);
    const look = () => {
      const there = this.elements(null).filter(({ id }) => wanted.has(id));
      const unknown = ids.filter((id) => this.session.sync.unknown.has(id)).length;
      if (there.length + unknown < wanted.size) return;
      stop();
      bringIntoView(this.session.canvas, there, true);
    };
    const listening = this.session.canvas.onChange(look);
    const timer = setTimeout(() => stop(), reveal_wait_ms);
    const stop = () => {
      listening();
      clearTimeout(timer);
    };
    look();
  }

  settle(): void {
    this.session.sync.settle();
  }

  private elements(frame: string | null): SceneElement[] {
    const here = this.session.canvas.getSceneElements() as readonly SceneElement[];
    return frame ? inFrame(here, frame) : [...here];
  }

  private all(): readonly SceneElement[] {
    return this.session.canvas.getSceneElementsIncludingDeleted() as readonly SceneElement[];
  }

  /** Deletes elements that the canvas cannot show, and so cannot delete. */
  private takeBackUnknown(ids: ReadonlySet<string>): void {
    const { sync, room } = this.session;
    const gone = [...sync.unknown.values()].filter(({ id }) => ids.has(id));
    for (const { id } of gone) sync.unknown.delete(id);
    room.offer(asTombstones(gone));
    room.flushNow();
  }

  /** Drawn by the server: the canvas would leave out elements of types that it does not know. */
  private async drawnByServer({ format, scale, background }: Drawing): Promise<Blob> {
    this.settle();
    const query = new URLSearchParams({ embed: "1", scale: String(scale), background: background ? "1" : "0" });
    const answer = await fetch(`${this.renderUrl(format)}?${query}`);
    if (!answer.ok) throw new Error(t("The server could not draw this board. Export it as a board file instead."));
    return answer.blob();
  }
}
