import type { Params } from "../api/types";
import type { ClientMessage, LiveRun, LiveUpdate } from "./messages";
import { Signal } from "./signal";

const head_bytes = 12;
const live_byte = 7;

/** The frame that is redrawn while somebody draws: whose it is, its newest picture, and the way frames go out. */
export class LiveFeed {
  readonly changed = new Signal();
  /** It ended, with the reason; not on a lost line. */
  readonly ended = new Signal<[before: LiveRun, news: LiveUpdate]>();
  now: LiveRun | null = null;
  /** null before the first picture, and for one that is withheld. */
  picture: Blob | null = null;
  /** The number of that picture, and which state of the frame it is a picture of. */
  shown = 0;
  look = 0;

  constructor(private readonly send: (data: string | ArrayBuffer) => boolean) {}

  hear(news: LiveUpdate): void {
    const before = this.now;
    if (before?.run !== news.live?.run) {
      this.picture = null;
      this.shown = 0;
    }
    this.now = news.live;
    if (before && !news.live && news.reason) this.ended.send(before, news);
    this.changed.send();
  }

  /** A picture: twelve bytes that say of which run, frame and look, and a JPEG. Late ones are dropped. */
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

  /** Again for the same frame: with these params from now on. */
  start(frame: string, params: Params): void {
    this.say({ type: "live.start", id: `live-${frame}`.slice(0, 64), frame, params });
  }

  stop(): void {
    this.say({ type: "live.stop", frame: this.now?.frame });
  }

  /** How the frame looks now; `look` comes back with its picture. Only the host's are taken. */
  offer(run: number, seq: number, look: number, jpeg: ArrayBuffer): boolean {
    const data = new Uint8Array(head_bytes + jpeg.byteLength);
    [run, seq, look].forEach((part, at) => new DataView(data.buffer).setUint32(4 * at, part));
    data[0] = live_byte;
    data.set(new Uint8Array(jpeg), head_bytes);
    return this.send(data.buffer);
  }

  private say(message: ClientMessage): void {
    this.send(JSON.stringify(message));
  }
}
