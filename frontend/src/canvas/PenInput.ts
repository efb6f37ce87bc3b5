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
  private found = false;
  private down = false;
  private seenAt_ms = -Infinity;
  /** Fingers that move the board. */
  private readonly fingers: Fingers;
  /** Touches that are ignored until they are lifted. */
  private readonly palms = new Set<number>();
  /** The last events of the touches that Excalidraw was given. */
  private readonly given = new Map<number, PointerEvent>();
  private pending: View | null = null;
  private frame = 0;
  private tapping = false;
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
    if (this.tapping) return;
    if (event.pointerType === "pen") this.pen(event);
    if (event.pointerType === "touch" && this.takes(event)) event.stopImmediatePropagation();
  };

  /** Excalidraw and the browser make double clicks of touches, and menus of long ones; those of a hand mean nothing. */
  private readonly touches = (event: TouchEvent): void => {
    if (!this.fingers.count && !this.palms.size) return;
    if (!(event.target instanceof Element) || !event.target.matches(canvas)) return;
    event.stopImmediatePropagation();
    if (!this.down && event.cancelable) event.preventDefault();
  };

  private pen({ type, timeStamp }: PointerEvent): void {
    this.seenAt_ms = timeStamp;
    if (!this.found && !isViewOnly(this.api)) this.find();
    if (type === "pointerdown") this.rejectTouches();
    if (type !== "pointermove") this.down = type === "pointerdown";
  }

  private rejectTouches(): void {
    const given = [...this.given.values()];
    this.given.clear();
    dropTouches(this.api, given);
    for (const id of [...this.fingers.release(), ...given.map(({ pointerId }) => pointerId)]) this.palms.add(id);
    this.moved(this.pending);
  }

  /** The first sign of a pen on this page. */
  private find(): void {
    this.found = true;
    const choice = readStored(name);
    setPenMode(this.api, choice !== "draw");
    if (choice !== null) return;
    writeStored(name, "move");
    const back = () => {
      setPenMode(this.api, false);
      writeStored(name, "draw");
      this.notices.close(notice);
    };
    this.notices.show({ key: notice, text: t("Pen found: fingers move the board."), action: { label: t("Draw with fingers too"), run: back }, holds: () => isPenMode(this.api) });
  }

  /** Returns true if this touch is not for Excalidraw. */
  private takes(event: PointerEvent): boolean {
    const { type, pointerId: id, timeStamp: now_ms } = event;
    if (type === "pointerdown") return this.begins(event);
    if (type === "pointermove") {
      if (this.given.has(id)) this.given.set(id, event);
      if (this.fingers.has(id)) this.moved(this.fingers.move(id, pointOf(event)));
      return this.fingers.has(id) || this.palms.has(id);
    }
    this.given.delete(id);
    if (!this.fingers.has(id)) return this.palms.delete(id);
    const tap = this.fingers.up(id, now_ms) && type === "pointerup";
    if (!this.fingers.count) this.moved(this.pending);
    if (tap && tapsSelect(this.api)) this.tap(event);
    return true;
  }

  private begins(event: PointerEvent): boolean {
    const { pointerId: id, target, timeStamp: now_ms } = event;
    if (!(target instanceof Element) || !target.matches(canvas) || isViewOnly(this.api)) return false;
    if (this.down || now_ms - this.seenAt_ms < near_ms) {
      this.palms.add(id);
      return true;
    }
    const mode = this.found && isPenMode(this.api) ? "move" : "draw";
    if (this.found) writeStored(name, mode); // the button among the tools may have changed it
    if (mode === "move") this.fingers.down(id, pointOf(event), now_ms);
    else this.given.set(id, event);
    return mode === "move";
  }

  /** Shown once per frame, however often fingers report. */
  private moved(view: View | null): void {
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
  private tap(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const { pointerId, pointerType, clientX, clientY } = event;
    // Excalidraw captures the pointer, which is no longer there.
    Object.assign(target, { setPointerCapture: () => undefined });
    this.tapping = true;
    for (const type of ["pointerdown", "pointerup"]) {
      target.dispatchEvent(new PointerEvent(type, { pointerId, pointerType, clientX, clientY, button: 0, buttons: type === "pointerdown" ? 1 : 0, bubbles: true, cancelable: true }));
    }
    this.tapping = false;
    Reflect.deleteProperty(target, "setPointerCapture");
  }
}

function pointOf({ clientX, clientY, target }: PointerEvent): Point {
  const { left, top } = (target as Element).getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}
