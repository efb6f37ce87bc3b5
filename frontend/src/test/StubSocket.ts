import { deflateRawSync } from "node:zlib";
import type { Doors, Socket } from "../socket/connection";

/** A websocket that a test opens, feeds and closes by hand. */
export class StubSocket implements Socket {
  static readonly made: StubSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType: BinaryType = "blob";
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: string[] = [];
  readonly sentBytes: ArrayBuffer[] = [];

  constructor(readonly url: string, readonly protocol: string) {
    StubSocket.made.push(this);
  }

  static get latest(): StubSocket {
    return StubSocket.made.at(-1)!;
  }

  static readonly doors: Doors = { open: (url, protocol) => new StubSocket(url, protocol), random: () => 0.5 };

  accept(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  feed(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  /** Several messages in one compressed frame. */
  feedPacked(...messages: object[]): void {
    const bytes = new Uint8Array(deflateRawSync(messages.map((message) => JSON.stringify(message)).join("\n")));
    this.onmessage?.({ data: bytes.buffer } as MessageEvent);
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code } as CloseEvent);
  }

  /** A binary frame as it comes. */
  feedBytes(...bytes: number[]): void {
    this.onmessage?.({ data: new Uint8Array(bytes).buffer } as MessageEvent);
  }

  send(data: string | ArrayBuffer): void {
    if (typeof data === "string") this.sent.push(data);
    else this.sentBytes.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  /** What was sent, parsed, of one type. */
  messages<T = Record<string, unknown>>(type: string): T[] {
    return this.sent.map((text) => JSON.parse(text) as { type: string }).filter((m) => m.type === type) as T[];
  }
}
