import type { Params } from "../api/types";
import type { ClientMessage, LiveRun, LiveUpdate } from "./messages";
import { Signal } from "./signal";

const head_bytes = 12;
const live_byte = 7;

/** Live redraw of one frame: who hosts it, its newest picture, and the sending of frames. */
export class LiveFeed {
  readonly changed = new Signal();
  /** Sent with the reason when live redraw has ended; not on a lost connection. */
  readonly ended = new Signal<[before: LiveRun, update: LiveUpdate]>();
  now: LiveRun | null = null;
  /** null before the first picture, and for one that is withheld. */
  picture: Blob | null = null;
  /** Sequence number of that picture, and the look (LivePort.look) of the frame that it was made from. */
  shown = 0;
  look = 0;

  constructor(private readonly send: (data: string | ArrayBuffer) => boolean) {}

  receive(update: LiveUpdate): void {
    const before = this.now;
    if (before?.run !== update.live?.run) {
      this.picture = null;
      this.shown = 0;
    }
    this.now = update.live;
    if (before && !update.live && update.reason) this.ended.send(before, update);
    this.changed.send();
  }

  /** Takes a picture: 12 bytes with run, sequence number and look, then a JPEG. Late ones are dropped. */
  show(data: ArrayBuffer): void {
    if (data.byteLength < head_bytes) return;
    const head = new DataView(data);
    const run = head.getUint32(0) & 0xffffff;
    const seq = head.getUint32(4);
    if (run !== this.now?.run || seq <= this.shown) return;
    this.shown = seq;
    this.look = head.getUint32(8);
    this.picture = data.byteLength > head_bytes ? new Blob([data.slice(head_bytes)], { type: "image/jpeg" }) : null;
    this.changed.send();
  }

  /** Starts live redraw; for the frame that is live it changes the params. */
  start(frame: string, params: Params): void {
    this.sendMessage({ type: "live.start", id: `live-${frame}`.slice(0, 64), frame, params });
  }

  stop(): void {
    this.sendMessage({ type: "live.stop", frame: this.now?.frame });
  }

  /** Sends a frame; `look` comes back with its picture. The server takes the host's only. */
  offer(run: number, seq: number, look: number, jpeg: ArrayBuffer): boolean {
    const data = new Uint8Array(head_bytes + jpeg.byteLength);
    [run, seq, look].forEach((part, at) => new DataView(data.buffer).setUint32(4 * at, part));
    data[0] = live_byte;
    data.set(new Uint8Array(jpeg), head_bytes);
    return this.send(data.buffer);
  }

  private sendMessage(message: ClientMessage): void {
    this.send(JSON.stringify(message));
  }
}
