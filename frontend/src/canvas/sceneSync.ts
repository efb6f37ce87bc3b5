import { Pace } from "../room/Pace";
import type { WireElement } from "../room/protocol";
import { applyWait_ms, elementsWait_ms, strokeWait_ms } from "../room/rates";
import { compareOrder, merge, takesIncoming, withOwnIndices } from "../room/reconcile";
import type { RoomClient } from "../room/RoomClient";
import type { Quarantine } from "./Quarantine";
import { labelsAbove } from "./labelOrder";
import { isTooLong } from "./oversized";
import { asWire, continueStroke, heldIds, inParts, isInvisible, moveInPlace, pointsBeingDrawn, replaceAsEdit, replaceScene, restored, takeMove, type BoardApi, type SceneElement } from "./excalidraw";

const dropped_frame_ms = 25;
const longest_hold_ms = 3_000;

/** What a request changed: the board's clock afterwards, and the ids of the elements. */
export interface ServerChange {
  clock: number;
  elements: readonly string[];
}

/**
 * Carries changes between the canvas and the room.
 *
 * Out: elements whose version the room has not seen, every 33 to 100 ms. In: what the inbox holds, at most once per
 * animation frame and for at most a third of the time. A hidden page applies nothing.
 */
export class SceneSync {
  /** Elements by id whose type this canvas cannot show; exports contain them. */
  readonly unknown = new Map<string, WireElement>();
  private readonly outPace = new Pace(() => this.outWait_ms(), () => this.collect());
  private readonly refused = new Set<string>();
  /** Requests of this page that are changing the board on the server. While there are any, nothing is applied. */
  private awaited = 0;
  /** What such a request changed, shown next as one edit that can be undone: ids of elements, and the background. */
  private readonly changedHere = new Set<string>();
  private background: string | null = null;
  /** Other people's elements that have another index here than on the server, until the element at their index moves. */
  private readonly displaced = new Map<string, { version: number; index: string; serverIndex: string }>();
  private frame = 0;
  private appliedAt = -Infinity;
  private applyCost_ms = 0;
  private elementCount = 0;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    /** True if an element may be sent: a picture only once its file is on the server. */
    private readonly isReady: (element: SceneElement) => boolean,
    /** True if an element arrives, or is changed from `before`, because of an action on this page, which can undo it. */
    private readonly isOwn: (element: SceneElement, before: SceneElement | undefined) => boolean,
    /** Takes the elements that would break the canvas. */
    private readonly quarantine: Quarantine,
    /** Called with the scene before the canvas is given it, as the canvas may crash on it. */
    private readonly onShow: (elements: readonly SceneElement[]) => void = () => undefined,
  ) {
    this.stops.push(
      room.elementsArrived.on(() => this.schedule()),
      room.elementsGone.on((ids) => this.drop(ids)),
      room.refused.on(({ id }) => this.takeBack(id)),
      api.onPointerUp(() => void setTimeout(() => this.settle())),
      listen(window, "blur", () => this.settle()),
      listen(window, "pagehide", () => this.leave()),
      listen(document, "visibilitychange", () => (document.hidden ? this.leave() : this.schedule())),
    );
    this.schedule();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.outPace.stop();
    for (const stop of this.stops) stop();
  }

  /** Elements of the board that are not on this canvas. */
  get notShown(): readonly WireElement[] {
    return [...this.unknown.values(), ...this.quarantine.elements];
  }

  /** Called on every change of the canvas. */
  changed(): void {
    if (this.room.mayEdit) this.outPace.ask();
    if (this.room.inbox.size) this.schedule();
  }

  /**
   * Shows what a request of this page changes on the server as one edit, which Ctrl+Z takes back.
   *
   * What arrives waits for the answer and its clock, since nothing on the wire tells the page's own change from those of
   * others. When that takes too long, all of it is shown as a change by others.
   */
  async showAsEdit<Change extends ServerChange>(request: () => Promise<Change>): Promise<Change> {
    this.settle();
    this.awaited++;
    let waits = true;
    const release = () => {
      if (waits) this.awaited--;
      waits = false;
      this.schedule();
    };
    const timer = setTimeout(release, longest_hold_ms);
    try {
      const change = await request();
      if (await this.room.reached(change.clock, longest_hold_ms)) for (const id of change.elements) this.changedHere.add(id);
      return change;
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** The board's background changed. Returns true if it will be shown with the change that a request of this page makes. */
  takesBackground(colour: string): boolean {
    if (this.awaited) this.background = colour;
    return this.awaited > 0;
  }

  /** Sends and applies everything that waits, at once. */
  settle(): void {
    this.collect();
    this.room.flushNow();
    for (const id of [...this.refused]) this.takeBack(id);
    if (this.room.inbox.size) this.schedule();
  }

  /** Applies the elements that wait in the inbox, except those being edited here. */
  apply(): void {
    if (this.awaited) return;
    const started = performance.now();
    const byId = new Map(this.everything().map((element) => [element.id, element]));
    const held = heldIds(this.api);
    const arrived = this.room.inbox.take((id) => held.has(id));
    const banned = arrived.filter(({ id }) => this.quarantine.isBanned(id));
    const { elements, unknown, broken } = restored(arrived.filter((element) => !banned.includes(element)), byId);
    this.putInQuarantine([...banned, ...broken], arrived);
    for (const element of unknown) this.unknown.set(element.id, element);
    const newer = elements.filter((element) => takesIncoming(byId.get(element.id), element) && (byId.has(element.id) || !element.isDeleted));
    const moved = this.room.inbox.takeMoves().filter((move) => this.follow(byId.get(move.id), move));
    const own = newer.filter((element) => this.changedHere.has(element.id) || this.isOwn(element, byId.get(element.id)));
    const background = this.background;
    this.background = null;
    this.changedHere.clear();
    const others = newer.filter((element) => !own.includes(element));
    if (others.length || moved.length) this.show(others);
    if (own.length || background) this.show(own, (api, scene) => replaceAsEdit(api, scene, background));
    this.appliedAt = performance.now();
    this.applyCost_ms = this.appliedAt - started;
    // Drawing comes later and costs more: when it delayed an animation frame, the delay counts too.
    requestAnimationFrame(() => {
      const until_next_ms = performance.now() - started;
      if (until_next_ms > dropped_frame_ms) this.applyCost_ms = until_next_ms;
    });
  }

  /** Shows elements that arrived. Those that the canvas throws at go into quarantine, found by halving the list. */
  private show(others: readonly SceneElement[], replace = replaceScene): void {
    try {
      const scene = this.inOrder(merge(this.everything(), others));
      this.onShow(scene);
      replace(this.api, scene);
    } catch (error) {
      if (!others.length) throw error;
      if (others.length === 1) return this.putInQuarantine(asWire(others));
      const half = others.length >> 1;
      this.show(others.slice(0, half), replace);
      this.show(others.slice(half), replace);
    }
  }

  /** Also removes earlier versions of them from the canvas: nobody should draw on a version that is not the newest. */
  private putInQuarantine(elements: readonly WireElement[], arrived: readonly WireElement[] = []): void {
    this.quarantine.update(elements, arrived.map(({ id }) => id));
    const ids = new Set(elements.map(({ id }) => id));
    const here = this.everything();
    if (here.some(({ id }) => ids.has(id))) replaceScene(this.api, here.filter(({ id }) => !ids.has(id)));
  }

  /** Replaces elements that the page itself changed, such as a frame's note. Not an undo step; sent like any edit. */
  replace(changes: ReadonlyMap<string, SceneElement>): void {
    const here = this.everything();
    replaceScene(this.api, here.map((element) => changes.get(element.id) ?? element));
  }

  private everything(): readonly SceneElement[] {
    return this.api.getSceneElementsIncludingDeleted() as readonly SceneElement[];
  }

  private collect(): void {
    this.outPace.stop();
    if (!this.room.mayEdit) return;
    continueStroke(this.api);
    const drawing = heldIds(this.api);
    const here = this.splitLong(drawing);
    const ready: SceneElement[] = [];
    const waiting: SceneElement[] = [];
    for (const element of here) {
      if (drawing.has(element.id) && (isInvisible(element) || isTooLong(element))) continue;
      (this.isReady(element) ? ready : waiting).push(element);
    }
    this.room.hold(asWire(waiting.filter(hasPicture)));
    this.room.offer(asWire(ready));
    this.room.flushNow();
    this.elementCount = here.length;
  }

  /** All elements, after those that are too long were split. Elements being edited are left as they are. */
  private splitLong(held: ReadonlySet<string>): readonly SceneElement[] {
    const here = this.everything();
    const isLong = (element: SceneElement) => isTooLong(element) && !held.has(element.id);
    if (!here.some(isLong)) return here;
    replaceAsEdit(this.api, here.flatMap((element) => (isLong(element) ? inParts(element) : [element])));
    return this.everything();
  }

  /** Sends and stores everything: the page may be gone in a moment. */
  private leave(): void {
    this.settle();
    this.room.storeUnconfirmed("leaving");
  }

  private outWait_ms(): number {
    return Math.max(elementsWait_ms(this.room.others, this.elementCount), strokeWait_ms(pointsBeingDrawn(this.api)));
  }

  private schedule(): void {
    if (this.frame || document.hidden) return;
    const tick = () => {
      this.frame = 0;
      if (performance.now() - this.appliedAt < applyWait_ms(this.applyCost_ms)) this.frame = requestAnimationFrame(tick);
      else this.apply();
    };
    this.frame = requestAnimationFrame(tick);
  }

  /** Takes over the index that the server gave an element of ours. Edits made since stay. Returns true if it moved. */
  private follow(here: SceneElement | undefined, move: WireElement): boolean {
    if (!here || here.index === move.index) return false;
    if (here.version < move.version) takeMove(here, move);
    else moveInPlace(here, move.index, move.version);
    return true;
  }

  private inOrder(elements: SceneElement[]): readonly SceneElement[] {
    const held = heldIds(this.api);
    const ours = ({ id }: SceneElement) => held.has(id) || this.room.mayMove(id);
    const ordered = elements.map((element) => this.atServerIndex(element)).sort(compareOrder);
    // Ours moves as a new version, which is sent; anything else moves on this canvas only.
    const move = (element: SceneElement, index: string): SceneElement => {
      if (ours(element)) return moveInPlace(element, index);
      this.displaced.set(element.id, { version: element.version, index, serverIndex: this.displaced.get(element.id)?.serverIndex ?? element.index });
      return { ...element, index } as SceneElement;
    };
    return labelsAbove(withOwnIndices<SceneElement>(ordered, ours, move), move);
  }

  /** The element with the index that the server has for it, where this canvas shows another. */
  private atServerIndex(element: SceneElement): SceneElement {
    const away = this.displaced.get(element.id);
    if (!away) return element;
    this.displaced.delete(element.id);
    if (away.version !== element.version || away.index !== element.index) return element;
    return { ...element, index: away.serverIndex } as SceneElement;
  }

  private drop(ids: ReadonlySet<string>): void {
    for (const id of ids) this.unknown.delete(id);
    this.quarantine.update([], ids);
    const here = this.everything();
    replaceScene(this.api, here.filter((element) => !ids.has(element.id)));
  }

  /** Puts a refused element back to the server's version, or removes it; waits while it is being edited. */
  private takeBack(id: string): void {
    this.refused.add(id);
    if (heldIds(this.api).has(id)) return;
    this.refused.delete(id);
    const server = this.room.giveUp(id);
    const here = this.everything();
    const others = here.filter((element) => element.id !== id);
    const back = server ? restored([server], new Map()).elements : [];
    replaceScene(this.api, this.inOrder(merge(others, back)));
  }
}

/** False for a picture that is still being placed. */
function hasPicture(element: SceneElement): boolean {
  return element.type === "image" && element.fileId !== null;
}

function listen(target: EventTarget, name: string, run: () => void): () => void {
  target.addEventListener(name, run);
  return () => target.removeEventListener(name, run);
}
