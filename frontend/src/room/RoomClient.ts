import type { BoardFile, Job } from "../api/types";
import type { Closing } from "../socket/closing";
import { Connection, type Doors } from "../socket/connection";
import { Allowance } from "./Allowance";
import { Inbox } from "./Inbox";
import { LiveFeed } from "./LiveFeed";
import type { Urgency, Journal, OrphanedQueue, Picture } from "./Journal";
import { Outbox } from "./Outbox";
import { default_limits } from "./limits";
import type { Ack, BoardUpdate, ClientMessage, ErrorMessage, Limits, Progress, Refusal, ServerMessage, Welcome, You } from "./messages";
import { Pace, whenIdle } from "./Pace";
import { People, type OwnPresence } from "./People";
import type { WireElement } from "./protocol";
import { elementsWait_ms, presenceWait_ms } from "./rates";
import { Signal } from "./signal";

export type ConnectionStatus = "connecting" | "open" | "offline" | "closed";

/** The person of this page. */
export type Self = Omit<You, "color">;

export interface RoomOptions {
  url: string;
  you: Self;
  /** API key, share-link or embed token where there is no session cookie. */
  token?: string;
  /** Stores unconfirmed changes on this device. */
  journal?: Journal;
  /** Prefix of the references of this page's pushes, different for every page. */
  queue?: string;
  doors?: Doors;
}

const check_ms = 1_000;
const heartbeat_ms = 5_000;
const unconfirmed_silence_ms = 900; // while something waits for its acknowledgement, a silence is looked into sooner
const answer_ms = 1_900; // what takes longer is shown, though the connection may still be alive
const pong_timeout_ms = 15_000; // a new connection costs the server more than patience: one that is merely busy is kept
const hurried_pong_timeout_ms = 4_000; // the browser says that the network changed: an old connection is probably dead
const ack_timeout_ms = 30_000;
const welcome_timeout_ms = 30_000;
const pushes_in_flight = 64; // two seconds of drawing; beyond it changes gather in the outbox
const store_wait_ms = 300;
const store_retry_ms = 5_000;
const people_stay_ms = 5_000; // cursors stay during a short break
const messages = { per_second: 60, burst: 120 }; // the server allows twice as many, pointers included
const elements = { per_second: 3_000, burst: 20_000 }; // it allows 4,000 and 25,000

/**
 * The client of one board's room: connects, catches up by its clock, sends changes, and receives those of others.
 *
 * The server is the authority. A change is safe when its push is acknowledged; until then it is stored on this device and sent
 * again unchanged after each reconnect. Knows neither React nor Excalidraw.
 */
export class RoomClient {
  readonly statusChanged = new Signal();
  readonly elementsArrived = new Signal();
  readonly clockMoved = new Signal();
  readonly elementsGone = new Signal<[ids: ReadonlySet<string>]>();
  readonly refused = new Signal<[Refusal]>();
  /** Pictures that a closed page of this person had not uploaded. */
  readonly picturesFound = new Signal<[Picture[]]>();
  readonly filesArrived = new Signal<[files: Record<string, BoardFile>]>();
  readonly jobsArrived = new Signal<[jobs: Job[], all: boolean]>();
  readonly progressed = new Signal<[Progress]>();
  readonly peopleChanged = new Signal();
  readonly boardUpdated = new Signal<[update: Partial<BoardUpdate>]>();
  readonly troubled = new Signal<[ErrorMessage]>();

  readonly inbox = new Inbox();
  readonly people = new People();
  readonly live = new LiveFeed((data) => this.connection.send(data));
  status: ConnectionStatus = "connecting";
  closedBecause = "";
  you: Self;
  session = "";
  frozen = false;
  /** True while the server leaves a ping unanswered: what is sent now may not arrive. */
  unheard = false;
  limits: Limits = default_limits;
  /** The server's clock up to which everything was received; null before the first scene is complete. */
  clock: number | null = null;
  /** The scene is complete as of `clock`. */
  synced = false;

  private readonly outbox: Outbox;
  private readonly connection: Connection;
  private readonly messages = new Allowance(messages.per_second, messages.burst);
  private readonly elements = new Allowance(elements.per_second, elements.burst);
  private readonly pushPace = new Pace(() => Math.max(elementsWait_ms(this.others, 0), this.allowance_ms), () => this.flush());
  private readonly presencePace = new Pace(() => presenceWait_ms(this.others), () => this.sendPresence());
  private readonly storePace = new Pace(() => (this.storedHere ? store_wait_ms : store_retry_ms), () => whenIdle(() => this.storeUnconfirmed()));
  private readonly delayed = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly stops: (() => void)[] = [];
  /** Elements that are not sent until their pictures are on the server. */
  private held: readonly WireElement[] = [];
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private helloAt = 0;
  private receivedAt = 0;
  /** Time of the unanswered ping, ms; null: there is none. */
  private pingedAt: number | null = null;
  private pongTimeout_ms = pong_timeout_ms;
  private welcomed = false;
  /** A complete scene while its parts arrive; null while only changes arrive. */
  private wholeScene: Map<string, WireElement> | null = null;
  /** Acknowledgements that arrived before the last part of the scene; that part may be older than what they confirm. */
  private earlyAcks: Ack[] = [];

  constructor(private readonly options: RoomOptions) {
    this.you = options.you;
    this.outbox = new Outbox(options.queue);
    this.connection = new Connection(options.url, "board.v1", {
      opened: () => this.hello(),
      received: (text) => this.receive(JSON.parse(text) as ServerMessage),
      pictured: (data) => this.live.show(data),
      closed: (why) => this.closed(why),
    }, options.doors);
  }

  get unsentCount(): number {
    return this.outbox.unsentCount;
  }

  /** Elements whose latest change the server has not confirmed. */
  get pendingCount(): number {
    return this.outbox.pendingCount;
  }

  /** Of the pending elements, those from before the present connection. */
  get replayCount(): number {
    return this.outbox.replayCount;
  }

  get unacknowledgedCount(): number {
    return this.outbox.unacknowledged.size;
  }

  /** True if unconfirmed changes are stored on this device too, not in the page alone. */
  get storedHere(): boolean {
    return this.options.journal !== undefined && !this.options.journal.failing;
  }

  get mayEdit(): boolean {
    return !this.frozen && this.status !== "closed" && (this.you.role === "owner" || this.you.role === "edit");
  }

  /** Room sessions besides ours. */
  get others(): number {
    return this.people.all.size;
  }

  start(): void {
    const { journal } = this.options;
    if (journal) {
      this.stops.push(journal.adopted.on((queue) => this.adoptQueue(queue)), journal.changed.on(() => this.journalChanged()));
      journal.start();
    }
    this.heartbeat = setInterval(() => this.checkConnection(), check_ms);
    this.connection.connect();
  }

  stop(): void {
    clearInterval(this.heartbeat);
    clearTimeout(this.leaving);
    for (const timer of this.delayed.values()) clearTimeout(timer);
    for (const pace of [this.pushPace, this.presencePace, this.storePace]) pace.stop();
    for (const stop of this.stops.splice(0)) stop();
    this.storeUnconfirmed("leaving");
    this.options.journal?.stop();
    this.connection.stop();
  }

  /** Connects at once, or checks whether the connection is still alive, after the network or the page came back. */
  reconnectNow(): void {
    this.connection.hurry();
    if (this.status !== "open") return;
    this.ping();
    this.pongTimeout_ms = hurried_pong_timeout_ms;
    setTimeout(() => this.checkConnection(), hurried_pong_timeout_ms + 1);
  }

  /** Takes local elements; versions that the server does not know are sent within some 33 ms. */
  offer(elements: Iterable<WireElement>): void {
    if (!this.outbox.offer(elements)) return;
    this.pushPace.ask();
    this.storePace.ask();
    this.statusChanged.send();
  }

  /** Takes all elements that wait for their pictures: they are stored, but not sent. */
  hold(elements: readonly WireElement[]): void {
    if (!elements.length && !this.held.length) return;
    this.held = elements.filter((element) => this.outbox.isNews(element));
    this.storePace.ask();
  }

  /** Stores a picture that is not on the server yet. */
  storePicture(picture: Picture): void {
    this.options.journal?.addPicture(picture);
    this.storePace.ask();
  }

  dropPicture(id: string): void {
    this.options.journal?.dropPicture(id);
    this.storePace.ask();
  }

  /** Sends unsent changes at once: on pointer up, blur, and when the page is hidden. */
  flushNow(): void {
    if (this.outbox.unsentCount) this.pushPace.now();
  }

  /** Stores unconfirmed changes on this device, in case the page ends. */
  storeUnconfirmed(urgency: Urgency = this.status === "open" ? "none" : "some"): void {
    const unconfirmed = { pushes: this.outbox.unacknowledged, unsent: this.outbox.unsentElements, held: this.held };
    if (this.options.journal?.save(unconfirmed, urgency)) this.storePace.ask();
  }

  show(presence: OwnPresence): void {
    this.people.show(presence);
    this.presencePace.ask();
  }

  giveUp(id: string): WireElement | null {
    const server = this.outbox.giveUp(id);
    this.statusChanged.send();
    return server;
  }

  /** True if the element is unconfirmed or was never sent: its index may still be chosen here. */
  mayMove(id: string): boolean {
    return !this.outbox.isSettled(id) || this.outbox.isPending(id);
  }

  /** Connects again with the clock, as after a rename or when the server asks for it. */
  reenter(): void {
    this.welcomed = false;
    this.connection.renew();
  }

  private hello(): void {
    const { token } = this.options;
    this.helloAt = this.receivedAt = Date.now();
    this.pingedAt = null;
    this.send({
      type: "hello",
      protocol: 1,
      ...(this.connection.inflates ? { deflate: true } : {}),
      ...(token ? { token } : {}),
      ...(this.clock === null ? {} : { clock: this.clock }),
      name: this.you.name,
    });
  }

  private receive(message: ServerMessage): void {
    this.receivedAt = Date.now();
    this.pingedAt = null;
    this.setUnheard(false);
    switch (message.type) {
      case "welcome":
        return this.welcome(message);
      case "patch":
        this.arrived(message.elements);
        if (this.synced) this.advance(message.clock);
        return;
      case "synced":
        return this.caughtUp(message.clock);
      case "ack":
        if (this.wholeScene) return void this.earlyAcks.push(message);
        this.acknowledged(message.ref, message.refused);
        if (this.synced) this.advance(message.clock);
        return;
      case "presence":
        this.people.update(message.users);
        return this.peopleChanged.send();
      case "file":
        return this.filesArrived.send(message.files);
      case "job":
        return this.jobsArrived.send([message.job], false);
      case "live":
        return this.live.receive(message);
      case "progress":
        return this.progressed.send(message);
      case "board":
        return this.updateBoard(message);
      case "error":
        return this.trouble(message);
      case "resync":
        return this.reenter();
      case "pong":
        return;
    }
  }

  private welcome(message: Welcome): void {
    this.status = "open";
    this.frozen = message.frozen;
    this.welcomed = true;
    this.session = message.session;
    this.you = { ...this.you, ...message.you };
    this.limits = message.limits;
    clearTimeout(this.leaving);
    this.people.enter(message.session, message.collaborators);
    this.synced = false;
    this.wholeScene = message.complete ? new Map() : null;
    this.earlyAcks = [];
    if (message.background) this.boardUpdated.send({ background: message.background });
    this.filesArrived.send(message.files);
    this.jobsArrived.send(message.jobs, true);
    this.live.receive({ type: "live", live: message.live });
    this.arrived(message.elements);
    if (!message.more) this.caughtUp(message.clock);
    for (const allowance of [this.messages, this.elements]) allowance.refill();
    this.outbox.connected();
    this.flush();
    this.presencePace.ask();
    this.storePace.ask();
    void this.options.journal?.adoptQueues();
    this.peopleChanged.send();
    this.statusChanged.send();
  }

  private caughtUp(clock: number): void {
    this.synced = true;
    if (this.wholeScene) {
      this.startOver(this.wholeScene);
      this.wholeScene = null;
      this.clock = clock;
      for (const { ref, refused } of this.earlyAcks.splice(0)) this.acknowledged(ref, refused);
    }
    this.advance(clock);
    this.statusChanged.send();
  }

  private startOver(scene: ReadonlyMap<string, WireElement>): void {
    const instead = this.outbox.startOver(scene);
    if (!instead.size) return;
    this.inbox.forget(instead.keys());
    this.elementsGone.send(new Set(instead.keys()));
    this.inbox.add([...instead.values()].filter((element) => element !== null));
    this.elementsArrived.send();
  }

  /** Resolves to true once everything up to this clock has arrived, to false if it has not within the time. */
  reached(clock: number, within_ms: number): Promise<boolean> {
    const there = () => this.synced && (this.clock ?? 0) >= clock;
    return there() ? Promise.resolve(true) : until(this.clockMoved, there, within_ms);
  }

  /** Resolves to true once the server has confirmed every change, to false if it has not within the time. */
  saved(within_ms: number): Promise<boolean> {
    const done = () => this.pendingCount === 0;
    return done() ? Promise.resolve(true) : until(this.statusChanged, done, within_ms);
  }

  /** Acknowledgements count too: the server sends us everything up to that clock before it acknowledges. */
  private advance(clock: number): void {
    this.clock = Math.max(this.clock ?? 0, clock);
    this.clockMoved.send();
  }

  private arrived(elements: readonly WireElement[]): void {
    if (!elements?.length) return;
    for (const element of elements) this.wholeScene?.set(element.id, element);
    for (const element of elements) {
      const relation = this.outbox.relationOf(element);
      if (relation === "move") this.inbox.addMove(element);
      else if (relation === "newer") this.inbox.add([element]);
    }
    this.outbox.receive(elements);
    this.elementsArrived.send();
  }

  private acknowledged(ref: string, refused: Refusal[]): void {
    for (const refusal of this.outbox.acknowledge(ref, refused)) this.refused.send(refusal);
    if (this.outbox.hasWork) this.pushPace.ask();
    this.storePace.ask();
    this.statusChanged.send();
  }

  /** Sends the unconfirmed changes of a closed or crashed page of this person. */
  private adoptQueue({ pushes, unsent, held, pictures }: OrphanedQueue): void {
    const adopted = [...pushes].flatMap(([ref, text]) => this.outbox.adopt(ref, text));
    this.outbox.offer(unsent);
    this.outbox.replay(unsent);
    this.inbox.add([...adopted, ...unsent, ...held]);
    this.storeUnconfirmed("leaving"); // at once: the adopted records are removed only when these are stored
    this.picturesFound.send(pictures);
    this.elementsArrived.send();
    this.pushPace.ask();
    this.statusChanged.send();
  }

  private journalChanged(): void {
    if (!this.storedHere) this.storePace.ask();
    this.statusChanged.send();
  }

  private updateBoard(message: BoardUpdate): void {
    this.frozen = message.frozen;
    this.you = { ...this.you, role: message.role };
    this.boardUpdated.send(message);
    this.statusChanged.send();
  }

  /** An error about a push either says when to send it again or refuses all of it. */
  private trouble(message: ErrorMessage): void {
    const ids = message.ref ? this.outbox.idsOf(message.ref) : [];
    if (!ids.length) return this.troubled.send(message);
    if (message.retry_after_seconds !== undefined) this.sendLater(message.ref!, message.retry_after_seconds * 1000);
    else this.acknowledged(message.ref!, ids.map((id) => ({ id, code: message.code, message: message.message })));
  }

  private sendLater(ref: string, wait_ms: number): void {
    clearTimeout(this.delayed.get(ref));
    const again = () => {
      this.delayed.delete(ref);
      const text = this.outbox.unacknowledged.get(ref);
      if (text && this.welcomed) this.connection.send(text);
    };
    this.delayed.set(ref, setTimeout(again, wait_ms));
  }

  private flush(): void {
    if (!this.welcomed) return;
    const refuse = (refusal: Refusal) => this.refused.send(refusal);
    while (this.outbox.inFlight < pushes_in_flight && !this.connection.isCrowded && !this.allowance_ms) {
      const push = this.outbox.nextPush(this.limits, refuse);
      if (!push) break;
      this.messages.spend(1);
      this.elements.spend(push.size);
      this.connection.send(push.text);
    }
    if (this.outbox.hasWork && this.outbox.inFlight < pushes_in_flight) this.pushPace.ask();
    this.statusChanged.send();
  }

  /** How long to wait before the next push, so that the server never has to refuse one for coming too soon. */
  private get allowance_ms(): number {
    return Math.max(this.messages.wait_ms, this.elements.wait_ms);
  }

  private sendPresence(): void {
    if (!this.welcomed) return;
    const presence = this.people.takeNews();
    if (presence) this.send({ type: "presence", ...presence });
  }

  private checkConnection(): void {
    const now = Date.now();
    if (this.status !== "open") {
      if (this.connection.isOpen && now - this.helloAt > welcome_timeout_ms) this.connection.renew();
      return;
    }
    // abs: a system clock that was set back must not delay this by as much.
    const waited_ms = this.pingedAt === null || this.connection.isDraining() ? 0 : Math.abs(now - this.pingedAt);
    if (waited_ms >= this.pongTimeout_ms) {
      this.disconnected("offline");
      this.connection.renew();
      return;
    }
    this.setUnheard(waited_ms >= answer_ms);
    const silence_ms = this.outbox.pendingCount ? unconfirmed_silence_ms : heartbeat_ms - 500;
    if (Math.abs(now - this.receivedAt) >= silence_ms) this.ping();
    // The connection is alive, but the server cannot store changes at the moment; those of others still arrive.
    if (this.connection.isIdle && !this.delayed.size && this.outbox.sendAgain(now - ack_timeout_ms)) this.pushPace.ask();
  }

  private setUnheard(unheard: boolean): void {
    if (unheard === this.unheard) return;
    this.unheard = unheard;
    this.statusChanged.send();
  }

  private ping(): void {
    if (this.pingedAt !== null) return;
    this.pingedAt = Date.now();
    this.pongTimeout_ms = pong_timeout_ms;
    this.connection.isDraining(); // from here on, what leaves the socket counts as a sign of life
    this.send({ type: "ping" });
  }

  private closed(why: Closing): void {
    if (!why.comeBack) this.closedBecause = why.message;
    this.disconnected(why.comeBack ? "offline" : "closed");
  }

  private disconnected(line: ConnectionStatus): void {
    this.status = line;
    this.welcomed = false;
    this.pingedAt = null;
    this.storePace.ask();
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.clearPeople(), line === "closed" ? 0 : people_stay_ms);
    this.statusChanged.send();
  }

  private clearPeople(): void {
    this.people.clear();
    this.peopleChanged.send();
  }

  private send(message: ClientMessage): void {
    this.connection.send(JSON.stringify(message));
  }
}

/** Resolves to true once a signal comes and something holds, to false if that is not within the time. */
function until(signal: Signal, holds: () => boolean, within_ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (held: boolean) => {
      stop();
      clearTimeout(timer);
      resolve(held);
    };
    const stop = signal.on(() => holds() && settle(true));
    const timer = setTimeout(() => settle(false), within_ms);
  });
}
