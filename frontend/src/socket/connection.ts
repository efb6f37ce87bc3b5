import { closing, type Closing } from "./closing";

/** The part of WebSocket that is used here; tests put a stub at this door. */
export interface Socket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface Listener {
  opened(): void;
  received(text: string): void;
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
const crowded_bytes = 512 * 1024;

/** One websocket that comes back by itself: exponential back-off with full jitter, at once when the page is back online. */
export class Connection {
  private socket: Socket | null = null;
  private attempts = 0;
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

  /** More waits in the socket than a fast line would hold: let changes gather instead of queueing versions of them. */
  get isCrowded(): boolean {
    return (this.socket?.bufferedAmount ?? 0) > crowded_bytes;
  }

  connect(): void {
    clearTimeout(this.timer);
    this.stopped = false;
    if (this.socket) return;
    const socket = this.doors.open(this.url, this.protocol);
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.openedAt = Date.now();
      this.listener.opened();
    };
    socket.onmessage = (event) => {
      if (this.socket === socket && typeof event.data === "string") this.listener.received(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(closing(event.code));
    };
  }

  /** Returns false when there is no open socket to take it. */
  send(text: string): boolean {
    if (!this.isOpen) return false;
    this.socket!.send(text);
    return true;
  }

  /** Drops a connection believed dead and starts a new one at once. */
  renew(): void {
    if (this.stopped) return;
    const old = this.socket;
    this.socket = null;
    old?.close(1000);
    this.attempts = 0;
    this.connect();
  }

  /** Cuts the waiting short, as when the page comes back online or into view. */
  hurry(): void {
    if (!this.socket && !this.stopped) this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    const old = this.socket;
    this.socket = null;
    old?.close(1000);
  }

  private lost(why: Closing): void {
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
