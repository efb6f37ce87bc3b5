import { closing, type Closing } from "./closing";
import { canInflate, FrameReader } from "./frames";

/** The part of WebSocket that is used here; tests put a stub at this door. */
export interface Socket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: BinaryType;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
}

export interface Listener {
  opened(): void;
  received(message: string): void;
  pictured(picture: ArrayBuffer): void;
  closed(why: Closing): void;
}

export interface Doors {
  open(url: string, protocol: string): Socket;
  random(): number;
}

const page: Doors = {
  open: (url, protocol) => new WebSocket(url, protocol),
  random: Math.random,
};

const open_state = 1;
const first_wait_ms = 400;
const longest_wait_ms = 15_000;
const spread_ms = 4_000; // after a restart everybody returns at once
const steady_ms = 10_000; // a connection that lived this long starts the back-off anew
const hanging_ms = 3_000; // an attempt begun on a dead connection may hang: when hurried, a new one is better
const opening_ms = 10_000; // an attempt that takes longer hangs, as behind a firewall that swallows it
const crowded_bytes = 512 * 1024;

/** One websocket that comes back by itself: exponential back-off with full jitter, at once when the page is back online. */
export class Connection {
  /** Whether the server may compress. Given up for good when one of its frames could not be unpacked. */
  inflates = canInflate;
  private socket: Socket | null = null;
  private reader: FrameReader | null = null;
  private attempts = 0;
  private waiting = 0;
  private beganAt = 0;
  private openedAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    private readonly url: string,
    private readonly protocol: string,
    private readonly listener: Listener,
    private readonly doors: Doors = page,
  ) {}

  get isOpen(): boolean {
    return this.socket?.readyState === open_state;
  }

  /** More waits in the socket than on a fast connection: let changes gather instead of queueing versions of them. */
  get isCrowded(): boolean {
    return (this.socket?.bufferedAmount ?? 0) > crowded_bytes;
  }

  /** Nothing waits in the socket. */
  get isIdle(): boolean {
    return !this.socket?.bufferedAmount;
  }

  /** Whether less waits in the socket than when this was last asked: a slow connection, not a dead one. */
  isDraining(): boolean {
    const waiting = this.socket?.bufferedAmount ?? 0;
    const draining = waiting < this.waiting;
    this.waiting = waiting;
    return draining;
  }

  connect(): void {
    this.stopped = false;
    if (this.socket) return;
    clearTimeout(this.timer);
    const socket = this.doors.open(this.url, this.protocol);
    const reader = new FrameReader((message) => this.listener.received(message), () => this.misread(), (picture) => this.listener.pictured(picture));
    this.socket = socket;
    this.reader = reader;
    this.beganAt = Date.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (this.socket !== socket) return;
      clearTimeout(this.timer);
      this.openedAt = Date.now();
      this.listener.opened();
    };
    socket.onmessage = (event) => reader.take(event.data as string | ArrayBuffer);
    socket.onclose = (event) => reader.after(() => this.lost(closing(event.code)));
    this.timer = setTimeout(() => this.abandon(), opening_ms);
  }

  /** Returns false when there is no open socket to take it. */
  send(data: string | ArrayBuffer): boolean {
    if (!this.isOpen) return false;
    this.socket!.send(data);
    return true;
  }

  /** Drops a connection believed dead and starts a new one at once. */
  renew(): void {
    if (this.stopped) return;
    this.drop();
    this.attempts = 0;
    this.connect();
  }

  /** Cuts the waiting short, as when the page comes back online or into view. */
  hurry(): void {
    if (this.stopped || this.isOpen || (this.socket && Date.now() - this.beganAt < hanging_ms)) return;
    this.drop();
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.drop();
  }

  /** Nothing that the old socket still says counts. */
  private drop(): void {
    const old = this.socket;
    this.socket = null;
    this.reader?.close();
    old?.close(1000);
  }

  private misread(): void {
    this.inflates = false;
    this.abandon();
  }

  /** As if the server had hung up. */
  private abandon(): void {
    this.drop();
    this.lost(closing(1006));
  }

  private lost(why: Closing): void {
    clearTimeout(this.timer);
    this.socket = null;
    if (this.openedAt && Date.now() - this.openedAt > steady_ms) this.attempts = 0;
    this.openedAt = 0;
    if (why.comeBack) this.timer = setTimeout(() => this.connect(), this.wait_ms(why));
    else this.stopped = true;
    this.listener.closed(why);
  }

  private wait_ms(why: Closing): number {
    const ceiling = Math.min(longest_wait_ms, first_wait_ms * 2 ** this.attempts++);
    const spread = why.spread ? this.doors.random() * spread_ms : 0;
    return 100 + this.doors.random() * ceiling + spread;
  }
}
