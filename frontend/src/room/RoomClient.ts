import type { BoardFile, Job } from "../api/types";
import type { Closing } from "../socket/closing";
import { Connection, type Doors } from "../socket/connection";
import { Inbox } from "./Inbox";
import { Outbox } from "./Outbox";
import { Pace } from "./Pace";
import { People } from "./People";
import {
  default_limits,
  type BoardNews,
  type FromServer,
  type Limits,
  type Presence,
  type Progress,
  type Refusal,
  type Trouble,
  type Welcome,
  type WireElement,
  type You,
} from "./protocol";
import { Signal } from "./signal";
import type { Unsaved } from "./unsaved";

export type Line = "connecting" | "open" | "offline" | "closed";

export interface RoomOptions {
  url: string;
  you: You;
  /** API key, share-link or embed token where there is no session cookie. */
  token?: string;
  unsaved?: Unsaved;
  doors?: Doors;
}

const heartbeat_ms = 10_000;
const silence_ms = 45_000; // two missed pongs and a bit: the line is half open
const ack_patience_ms = 30_000;
const pushes_in_flight = 64; // two seconds of drawing; beyond it changes gather in the outbox
const crowd = 10;

/**
 * One page's membership of one board: its clock, what it has not sent, what is not confirmed, what it missed.
 *
 * The server is the authority. A change is safe when its push is acknowledged; until then it is kept, and sent again
 * word for word after each reconnect. Knows neither React nor Excalidraw.
 */
export class RoomClient {
  readonly statusChanged = new Signal();
  readonly elementsArrived = new Signal();
  readonly elementsGone = new Signal<[ids: ReadonlySet<string>]>();
  readonly refused = new Signal<[Refusal]>();
  readonly filesArrived = new Signal<[files: Record<string, BoardFile>]>();
  readonly jobsArrived = new Signal<[jobs: Job[], all: boolean]>();
  readonly progressed = new Signal<[Progress]>();
  readonly peopleChanged = new Signal();
  readonly boardNews = new Signal<[BoardNews]>();
  readonly troubled = new Signal<[Trouble]>();

  readonly inbox = new Inbox();
  readonly people = new People();
  line: Line = "connecting";
  closedBecause = "";
  you: You;
  session = "";
  frozen = false;
  limits: Limits = default_limits;
  /** Everything up to here has been received; null before the first scene is complete. */
  clock: number | null = null;
  /** The scene is complete as of `clock`. */
  synced = false;

  private readonly outbox = new Outbox();
  private readonly connection: Connection;
  private readonly pushPace = new Pace(() => (this.isCrowd ? 80 : 33), () => this.flush());
  private readonly presencePace = new Pace(() => (this.isCrowd ? 80 : 34), () => this.sendPresence());
  private readonly keepPace = new Pace(() => 300, () => this.keep());
  private readonly delayed = new Map<string, ReturnType<typeof setTimeout>>();
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private welcomed = false;
  /** Ids of a complete scene while its parts arrive; null while only changes arrive. */
  private wholeScene: Set<string> | null = null;

  constructor(private readonly options: RoomOptions) {
    this.you = options.you;
    this.connection = new Connection(options.url, "board.v1", {
      opened: () => this.hello(),
      received: (text) => this.receive(JSON.parse(text) as FromServer),
      closed: (why) => this.lost(why),
    }, options.doors);
  }

  get unsentCount(): number {
    return this.outbox.unsentCount;
  }

  /** Elements whose latest change the server has not confirmed. */
  get pendingCount(): number {
    return this.outbox.pendingCount;
  }

  get unacknowledgedCount(): number {
    return this.outbox.unacknowledged.length;
  }

  get mayEdit(): boolean {
    return !this.frozen && this.line !== "closed" && (this.you.role === "owner" || this.you.role === "edit");
  }

  get isCrowd(): boolean {
    return this.people.all.size > crowd;
  }

  start(): void {
    const left = this.options.unsaved?.load() ?? [];
    if (left.length) {
      this.inbox.add(left);
      this.offer(left);
      this.elementsArrived.send();
    }
    this.heartbeat = setInterval(() => this.beat(), heartbeat_ms);
    this.connection.connect();
  }

  stop(): void {
    clearInterval(this.heartbeat);
    for (const timer of this.delayed.values()) clearTimeout(timer);
    for (const pace of [this.pushPace, this.presencePace, this.keepPace]) pace.stop();
    this.keep();
    this.connection.stop();
  }

  /** Cuts a wait for the next attempt short. */
  hurry(): void {
    this.connection.hurry();
  }

  /** Notes local elements; what the server does not know yet goes out within some 33 ms. */
  offer(elements: Iterable<WireElement>): void {
    if (!this.outbox.offer(elements)) return;
    this.pushPace.ask();
    if (this.line !== "open") this.keepPace.ask();
    this.statusChanged.send();
  }

  /** Sends what waits, without waiting for the pace: pointer up, blur, page hidden. */
  flushNow(): void {
    if (this.outbox.unsentCount) this.pushPace.now();
  }

  /** Keeps what is not confirmed on this device, in case the page is closed. */
  keep(): void {
    this.options.unsaved?.save(this.outbox.pending());
  }

  show(presence: Presence): void {
    this.people.show(presence);
    this.presencePace.ask();
  }

  giveUp(id: string): WireElement | null {
    const server = this.outbox.giveUp(id);
    this.statusChanged.send();
    return server;
  }

  /** Not confirmed, or never sent: its place in the order is still ours to choose. */
  mayMove(id: string): boolean {
    return !this.outbox.isSettled(id) || this.outbox.isPending(id);
  }

  /** Comes in anew with the clock, as when the name has changed or the server asks for it. */
  reenter(): void {
    this.welcomed = false;
    this.connection.renew();
  }

  private hello(): void {
    const { token } = this.options;
    this.heardAt = Date.now();
    this.send({
      type: "hello",
      protocol: 1,
      ...(token ? { token } : {}),
      ...(this.clock === null ? {} : { clock: this.clock }),
      name: this.you.name,
    });
  }

  private receive(message: FromServer): void {
    this.heardAt = Date.now();
    switch (message.type) {
      case "welcome":
        return this.welcome(message);
      case "patch":
        if (message.files) this.filesArrived.send(message.files);
        this.arrived(message.elements);
        if (this.synced) this.advance(message.clock);
        return;
      case "synced":
        return this.caughtUp(message.clock);
      case "ack":
        this.acknowledged(message.ref, message.refused ?? []);
        if (this.synced) this.advance(message.clock);
        return;
      case "presence":
        this.people.update(message.users);
        return this.peopleChanged.send();
      case "file":
        return this.filesArrived.send(message.files);
      case "job":
        return this.jobsArrived.send([message.job], false);
      case "progress":
        return this.progressed.send(message);
      case "board":
        return this.news(message);
      case "error":
        return this.trouble(message);
      case "resync":
        return this.reenter();
      case "pong":
        return;
    }
  }

  private welcome(message: Welcome): void {
    this.line = "open";
    this.welcomed = true;
    this.session = message.session;
    this.you = { ...this.you, ...message.you };
    this.limits = { ...default_limits, ...message.limits };
    this.people.enter(message.session, message.collaborators ?? {});
    this.synced = false;
    this.wholeScene = message.complete && this.clock !== null ? new Set() : null;
    this.filesArrived.send(message.files ?? {});
    this.jobsArrived.send(message.jobs ?? [], true);
    this.arrived(message.elements);
    if (!message.more) this.caughtUp(message.clock);
    for (const { text } of this.outbox.unacknowledged) this.connection.send(text);
    this.outbox.sentAgain();
    this.pushPace.ask();
    this.presencePace.ask();
    this.peopleChanged.send();
    this.statusChanged.send();
  }

  private caughtUp(clock: number): void {
    this.synced = true;
    this.advance(clock);
    if (this.wholeScene) {
      const gone = this.outbox.keepOnly(this.wholeScene);
      this.wholeScene = null;
      if (gone.size) this.elementsGone.send(gone);
    }
    this.statusChanged.send();
  }

  /** Acknowledgements count too: the server sends us everything up to that clock before it acknowledges. */
  private advance(clock: number): void {
    this.clock = Math.max(this.clock ?? 0, clock);
  }

  private arrived(elements: readonly WireElement[]): void {
    if (!elements?.length) return;
    for (const { id } of elements) this.wholeScene?.add(id);
    for (const element of elements) {
      if (this.outbox.isMoveOfOurs(element)) this.inbox.addMove(element);
      else this.inbox.add([element]);
    }
    this.outbox.receive(elements);
    this.elementsArrived.send();
  }

  private acknowledged(ref: string, refused: Refusal[]): void {
    for (const refusal of this.outbox.acknowledge(ref, refused)) this.refused.send(refusal);
    if (this.outbox.unsentCount) this.pushPace.ask();
    if (!this.outbox.pendingCount) this.keep();
    this.statusChanged.send();
  }

  private news(message: BoardNews): void {
    if (message.frozen !== undefined) this.frozen = message.frozen;
    if (message.role) this.you = { ...this.you, role: message.role };
    if (message.deleted) this.closedBecause = "This board was deleted.";
    this.boardNews.send(message);
    this.statusChanged.send();
  }

  /** An error that names a push either asks for patience or refuses all of it. */
  private trouble(message: Trouble): void {
    const ids = message.ref ? this.outbox.idsOf(message.ref) : [];
    if (!ids.length) return this.troubled.send(message);
    if (message.retry_after_seconds !== undefined) this.sendLater(message.ref!, message.retry_after_seconds * 1000);
    else this.acknowledged(message.ref!, ids.map((id) => ({ id, code: message.code, message: message.message })));
  }

  private sendLater(ref: string, wait_ms: number): void {
    clearTimeout(this.delayed.get(ref));
    const again = () => {
      this.delayed.delete(ref);
      const push = this.outbox.unacknowledged.find((batch) => batch.ref === ref);
      if (push && this.welcomed) this.connection.send(push.text);
    };
    this.delayed.set(ref, setTimeout(again, wait_ms));
  }

  private flush(): void {
    if (!this.welcomed) return;
    const refuse = (refusal: Refusal) => this.refused.send(refusal);
    while (this.unacknowledgedCount < pushes_in_flight && !this.connection.isCrowded) {
      const push = this.outbox.nextPush(this.limits, refuse);
      if (!push) break;
      this.connection.send(push.text);
    }
    if (this.connection.isCrowded && this.outbox.unsentCount) this.pushPace.ask();
    this.statusChanged.send();
  }

  private sendPresence(): void {
    if (!this.welcomed) return;
    const presence = this.people.takeNews();
    if (presence) this.send({ type: "presence", ...presence });
  }

  private beat(): void {
    if (this.line !== "open") return;
    const now = Date.now();
    const unanswered = this.unacknowledgedCount > 0 && now - this.outbox.oldestSentAt > ack_patience_ms;
    if (now - this.heardAt > silence_ms || (unanswered && !this.delayed.size)) {
      this.lineDown("offline");
      this.connection.renew();
    } else {
      this.send({ type: "ping" });
    }
  }

  private lost(why: Closing): void {
    if (!why.comeBack) this.closedBecause = why.message;
    this.lineDown(why.comeBack ? "offline" : "closed");
  }

  private lineDown(line: Line): void {
    this.line = line;
    this.welcomed = false;
    this.keep();
    this.people.clear();
    this.peopleChanged.send();
    this.statusChanged.send();
  }

  private send(message: object): void {
    this.connection.send(JSON.stringify(message));
  }
}
