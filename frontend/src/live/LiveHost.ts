import type { LiveFeed } from "../room/LiveFeed";
import type { LivePort } from "./LivePort";

const answer_timeout_ms = 6_000;

/**
 * Sends the frame as a JPEG whenever it looks different: one at a time, the next when the picture of the last has arrived. So
 * states that come faster than the model are skipped, and the last one is always sent.
 */
export class LiveHost {
  private seq = 0;
  private sent: number | null = null;
  private waitsFor: number | null = null;
  private exporting = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[];

  constructor(
    private readonly live: LiveFeed,
    private readonly board: LivePort,
    private readonly run: number,
    private readonly frame: string,
  ) {
    this.seq = live.shown;
    this.stops = [board.onMove(() => void this.pump()), live.changed.on(() => this.answered())];
    void this.pump();
  }

  stop(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Sends the frame again though it looks the same, as the params have changed. */
  sendAgain(): void {
    this.sent = null;
    void this.pump();
  }

  private answered(): void {
    if (this.waitsFor === null || this.live.shown < this.waitsFor) return;
    this.waitsFor = null;
    clearTimeout(this.timer);
    void this.pump();
  }

  private async pump(): Promise<void> {
    if (this.exporting || this.waitsFor !== null || !this.stops.length) return;
    const look = this.board.look(this.frame);
    if (look === null) return this.live.stop();
    if (look === this.sent) return;
    this.exporting = true;
    const jpeg = await this.board.jpeg(this.frame).then((blob) => blob?.arrayBuffer(), () => null);
    if (!this.stops.length || this.live.now?.run !== this.run) return;
    this.exporting = false;
    this.sent = look;
    if (jpeg && this.live.offer(this.run, ++this.seq, look, jpeg)) this.wait();
  }

  private wait(): void {
    this.waitsFor = this.seq;
    this.timer = setTimeout(() => {
      this.waitsFor = null;
      this.sendAgain(); // frame or picture was lost
    }, answer_timeout_ms);
  }
}
