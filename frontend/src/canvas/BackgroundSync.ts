import { Pace } from "../room/Pace";
import type { RoomClient } from "../room/RoomClient";
import { backgroundOf, showBackground, type BoardApi } from "./excalidraw";

const settle_ms = 300; // a picker is dragged through many colours

/** The colour behind the scene, the same for everybody: carries what is picked here to the board, and what others pick here. */
export class BackgroundSync {
  private readonly pace = new Pace(() => settle_ms, () => void this.send());
  private readonly stopListening: () => void;
  /** What the board has; null before it said so. */
  private told: string | null = null;
  private sending = false;
  /** Since the last one was sent, from others or our own coming back: what the board has is known from there. */
  private heard = false;

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    private readonly save: (colour: string) => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
  ) {
    this.stopListening = room.boardNews.on(({ background }) => background && this.hear(background));
  }

  stop(): void {
    this.pace.stop();
    this.stopListening();
  }

  /** To be called on every change of the canvas. */
  changed(): void {
    if (this.isPicked) this.pace.ask();
  }

  private get isPicked(): boolean {
    return this.told !== null && this.room.mayEdit && backgroundOf(this.api) !== this.told;
  }

  private hear(colour: string): void {
    const picked = this.isPicked;
    this.told = colour;
    this.heard = true;
    if (!picked && !this.sending) showBackground(this.api, colour);
  }

  private async send(): Promise<void> {
    if (!this.isPicked || this.sending) return;
    const colour = backgroundOf(this.api);
    this.heard = false;
    this.sending = true;
    try {
      await this.save(colour);
      if (!this.heard) this.told = colour;
      else if (backgroundOf(this.api) === colour) showBackground(this.api, this.told!);
    } catch (error) {
      showBackground(this.api, this.told!);
      this.failed(error);
    }
    this.sending = false;
    this.changed();
  }
}
