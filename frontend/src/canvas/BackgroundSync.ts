import { Pace } from "../room/Pace";
import type { RoomClient } from "../room/RoomClient";
import { backgroundOf, showBackground, type BoardApi } from "./excalidraw";

const settle_ms = 300; // a picker is dragged through many colours

/** Keeps the background colour of the canvas and of the board the same, in both directions. */
export class BackgroundSync {
  private readonly pace = new Pace(() => settle_ms, () => void this.send());
  private readonly stopListening: () => void;
  /** The board's colour; null until the server has sent it. */
  private boardColour: string | null = null;
  /** The board's newest colour, if the canvas will show it later. */
  private taken: string | null = null;
  private sending = false;
  /** True if a colour was received since the last one was sent: the board's colour is known from that. */
  private receivedSince = false;

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    private readonly save: (colour: string) => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
    /** Returns true if the colour will be shown later, together with the elements that changed with it. */
    private readonly isTaken: (colour: string) => boolean = () => false,
  ) {
    this.stopListening = room.boardUpdated.on(({ background }) => background && this.receive(background));
  }

  stop(): void {
    this.pace.stop();
    this.stopListening();
  }

  /** Called on every change of the canvas. */
  changed(): void {
    if (this.taken === backgroundOf(this.api)) this.boardColour = this.taken;
    if (this.isPicked) this.pace.ask();
  }

  private get isPicked(): boolean {
    return this.boardColour !== null && this.room.mayEdit && backgroundOf(this.api) !== this.boardColour;
  }

  private receive(colour: string): void {
    const picked = this.isPicked;
    this.receivedSince = true;
    if (!picked && !this.sending && this.isTaken(colour)) return void (this.taken = colour);
    this.boardColour = colour;
    if (!picked && !this.sending) showBackground(this.api, colour);
  }

  private async send(): Promise<void> {
    if (!this.isPicked || this.sending) return;
    const colour = backgroundOf(this.api);
    this.receivedSince = false;
    this.sending = true;
    try {
      await this.save(colour);
      if (!this.receivedSince) this.boardColour = colour;
      else if (backgroundOf(this.api) === colour) showBackground(this.api, this.boardColour!);
    } catch (error) {
      showBackground(this.api, this.boardColour!);
      this.failed(error);
    }
    this.sending = false;
    this.changed();
  }
}
