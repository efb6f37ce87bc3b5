type Data = string | ArrayBuffer;

/** First byte of a live picture; no deflate stream begins so, as its low three bits are a reserved block type. */
export const live_byte = 7;

/** Whether this browser can unpack what the server may compress. */
export const canInflate = (() => {
  try {
    return Boolean(new DecompressionStream("deflate-raw"));
  } catch {
    return false; // an old browser: the server goes on sending plain text
  }
})();

/**
 * Turns the frames of one socket into messages, in the order in which they came.
 *
 * A binary frame is a live picture, or raw deflate of one or more messages, one a line. Unpacking takes a moment; whatever arrives
 * meanwhile, the end of the socket too, waits for its turn.
 */
export class FrameReader {
  private readonly queue: (string | Promise<string | null> | (() => void))[] = [];
  private busy = false;
  private closed = false;

  constructor(
    private readonly deliver: (message: string) => void,
    /** A frame could not be unpacked; nothing after it is delivered. */
    private readonly broken: () => void,
    private readonly show: (picture: ArrayBuffer) => void = () => {},
  ) {}

  take(data: Data): void {
    if (typeof data === "string") this.enter(data);
    else if (new Uint8Array(data, 0, Math.min(1, data.byteLength))[0] === live_byte) this.enter(() => this.show(data));
    else this.enter(inflated(data));
  }

  /** Runs once everything before it was delivered. */
  after(run: () => void): void {
    this.enter(run);
  }

  /** Nothing more is delivered. */
  close(): void {
    this.closed = true;
    this.queue.length = 0;
  }

  private enter(item: string | Promise<string | null> | (() => void)): void {
    if (this.closed) return;
    if (!this.busy && typeof item === "string") return this.deliver(item);
    if (!this.busy && typeof item === "function") return item();
    this.queue.push(item);
    if (!this.busy) void this.drain();
  }

  private async drain(): Promise<void> {
    this.busy = true;
    try {
      for (let item = this.queue.shift(); item !== undefined; item = this.queue.shift()) {
        if (typeof item === "function") item();
        else if (typeof item === "string") this.deliver(item);
        else this.unpacked(await item);
      }
    } finally {
      this.busy = false;
      if (this.queue.length) void this.drain(); // a listener threw: what came after it still counts
    }
  }

  private unpacked(text: string | null): void {
    if (this.closed) return;
    if (text === null) {
      this.close();
      return this.broken();
    }
    this.queue.unshift(...text.split("\n").filter(Boolean));
  }
}

/** null: this was not deflate. */
async function inflated(data: ArrayBuffer): Promise<string | null> {
  try {
    return await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
  } catch {
    return null;
  }
}
