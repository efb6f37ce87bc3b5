import { t } from "../language/t";
import { readStored, writeStored } from "../ui/stored";
import type { Notices } from "../ui/notices";
import { dropTouches, isPenMode, isViewOnly, setPenMode, setView, stopFollowing, tapsSelect, viewOf, type BoardApi } from "./excalidraw";
import { Fingers } from "./Fingers";
import type { Point, View } from "./view";

const name = "atelier.fingers"; // what fingers do beside a pen: "move" the board or "draw"
const notice = "pen";
const near_ms = 500; // so long after the last sign of the pen, a touch is taken for the hand that holds it
const canvas = "canvas.interactive";

/**
 * Pens, hands and fingers on the canvas.
 *
 * From the first sign of a pen on, fingers move the board, unless somebody chose that they draw. In both cases touches are
 * ignored while the pen is down or near, those too that began before it. Without a pen, Excalidraw gets all events.
 *
 * What fingers do is Excalidraw's pen mode, which has a button among the tools. Left to itself, though, Excalidraw ends the
 * pen's stroke when a hand touches the canvas, draws on to where that moves, and draws nothing if it was there before.
 */
export class PenInput {
  private penFound = false;
  private penDown = false;
  private penSeenAt_ms = -Infinity;
  /** Fingers that move the board. */
  private readonly fingers: Fingers;
  /** Touches that are ignored until they are lifted. */
  private readonly palms = new Set<number>();
  /** The last events of the touches that Excalidraw was given. */
  private readonly given = new Map<number, PointerEvent>();
  /** The view that fingers ask for, until they are lifted and it is shown. */
  private pending: View | null = null;
  private frame = 0;
  /** True while Excalidraw is given a tap, which comes by here too. */
  private replaying = false;
  private readonly end = new AbortController();

  constructor(
    private readonly api: BoardApi,
    private readonly notices: Notices,
  ) {
    this.fingers = new Fingers(() => this.pending ?? viewOf(api));
    const options = { capture: true, passive: false, signal: this.end.signal };
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"] as const) window.addEventListener(type, this.pointer, options);
    for (const type of ["touchstart", "touchend"] as const) window.addEventListener(type, this.touches, options);
  }

  stop(): void {
    this.end.abort();
    cancelAnimationFrame(this.frame);
  }

  private readonly pointer = (event: PointerEvent): void => {
    if (this.replaying) return;
    if (event.pointerType === "pen") this.followPen(event);
    if (event.pointerType === "touch" && this.takes(event)) event.stopImmediatePropagation();
  };

  /** Excalidraw and the browser make double clicks of touches, and menus of long ones; those of a hand mean nothing. */
  private readonly touches = (event: TouchEvent): void => {
    if (!this.fingers.count && !this.palms.size) return;
    if (!(event.target instanceof Element) || !event.target.matches(canvas)) return;
    event.stopImmediatePropagation();
    if (!this.penDown && event.cancelable) event.preventDefault();
  };

  private followPen({ type, timeStamp }: PointerEvent): void {
    this.penSeenAt_ms = timeStamp;
    if (!this.penFound && !isViewOnly(this.api)) this.meetPen();
    if (type === "pointerdown") this.rejectTouches();
    if (type !== "pointermove") this.penDown = type === "pointerdown";
  }

  /** Touches that are under way when the pen comes down are the hand's. */
  private rejectTouches(): void {
    const given = [...this.given.values()];
    this.given.clear();
    dropTouches(this.api, given);
    for (const id of [...this.fingers.release(), ...given.map(({ pointerId }) => pointerId)]) this.palms.add(id);
    this.showSoon(this.pending);
  }

  /** The first sign of a pen on this page. */
  private meetPen(): void {
    this.penFound = true;
    const choice = readStored(name);
    setPenMode(this.api, choice !== "draw");
    if (choice !== null) return;
    writeStored(name, "move");
    const back = () => {
      setPenMode(this.api, false);
      writeStored(name, "draw");
      this.notices.close(notice);
    };
    this.notices.show({
      key: notice,
      text: t("Pen found: fingers move the board."),
      action: { label: t("Draw with fingers too"), run: back },
      holds: () => isPenMode(this.api),
    });
  }

  /** Returns true if this touch is not for Excalidraw. */
  private takes(event: PointerEvent): boolean {
    const { type, pointerId: id, timeStamp: now_ms } = event;
    if (type === "pointerdown") return this.begins(event);
    if (type === "pointermove") {
      if (this.given.has(id)) this.given.set(id, event);
      if (this.fingers.has(id)) this.showSoon(this.fingers.move(id, pointOf(event)));
      return this.fingers.has(id) || this.palms.has(id);
    }
    this.given.delete(id);
    if (!this.fingers.has(id)) return this.palms.delete(id);
    const tap = this.fingers.up(id, now_ms) && type === "pointerup";
    if (!this.fingers.count) this.showSoon(this.pending);
    if (tap && tapsSelect(this.api)) this.replayTap(event);
    return true;
  }

  /** The same of a touch that begins. */
  private begins(event: PointerEvent): boolean {
    const { pointerId: id, target, timeStamp: now_ms } = event;
    if (!(target instanceof Element) || !target.matches(canvas) || isViewOnly(this.api)) return false;
    if (this.penDown || now_ms - this.penSeenAt_ms < near_ms) {
      this.palms.add(id);
      return true;
    }
    const mode = this.penFound && isPenMode(this.api) ? "move" : "draw";
    if (this.penFound) writeStored(name, mode); // the button among the tools may have changed it
    if (mode === "move") this.fingers.down(id, pointOf(event), now_ms);
    else this.given.set(id, event);
    return mode === "move";
  }

  /** Shown once per frame, however often fingers report. */
  private showSoon(view: View | null): void {
    if (!view) return;
    if (!this.pending) stopFollowing(this.api);
    this.pending = view;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      setView(this.api, this.pending!, this.fingers.count > 1);
      if (!this.fingers.count) this.pending = null;
    });
  }

  /** Gives Excalidraw the tap that was kept from it, in which nothing moved. */
  private replayTap(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const { pointerId, pointerType, clientX, clientY } = event;
    // Excalidraw captures the pointer, which is no longer there.
    Object.assign(target, { setPointerCapture: () => undefined });
    this.replaying = true;
    for (const type of ["pointerdown", "pointerup"]) {
      const buttons = type === "pointerdown" ? 1 : 0;
      target.dispatchEvent(new PointerEvent(type, { pointerId, pointerType, clientX, clientY, button: 0, buttons, bubbles: true, cancelable: true }));
    }
    this.replaying = false;
    Reflect.deleteProperty(target, "setPointerCapture");
  }
}

function pointOf({ clientX, clientY, target }: PointerEvent): Point {
  const { left, top } = (target as Element).getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}
