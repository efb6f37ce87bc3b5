import type { BoardFile, Job } from "../api/types";
import type { Closing } from "../socket/closing";
import { Connection, type Doors } from "../socket/connection";
import { Allowance } from "./Allowance";
import { Inbox } from "./Inbox";
import { LiveFeed } from "./LiveFeed";
import type { Hurry, Journal, Legacy, Picture } from "./Journal";
import { Outbox } from "./Outbox";
import { default_limits } from "./limits";
import type { Ack, BoardUpdate, ClientMessage, ErrorMessage, Limits, Progress, Refusal, ServerMessage, Welcome, You } from "./messages";
import { Pace, whenIdle } from "./Pace";
import { People, type OwnPresence } from "./People";
import type { WireElement } from "./protocol";
import { elementsWait_ms, presenceWait_ms } from "./rates";
import { Signal } from "./signal";

export type Line = "connecting" | "open" | "offline" | "closed";

/** The person of this page. */
export type Self = Omit<You, "color">;

export interface RoomOptions {
  url: string;
  you: Self;
  /** API key, share-link or embed token where there is no session cookie. */
  token?: string;
  /** Where this device keeps what is not confirmed. */
  journal?: Journal;
  /** Name of this page's own queue; begins the reference of each push. */
  queue?: string;
  doors?: Doors;
}

const heartbeat_ms = 5_000;
const pong_patience_ms = 15_000; // with the heartbeat: a line that died is noticed within 20 s
const hurried_patience_ms = 4_000; // the browser says that the network changed: an old line is probably dead
const ack_patience_ms = 30_000;
const welcome_patience_ms = 30_000;
const pushes_in_flight = 64; // two seconds of drawing; beyond it changes gather in the outbox
const keep_ms = 300;
const keep_again_ms = 5_000;
const people_stay_ms = 5_000; // a short break must not make everybody vanish and come back
const messages = { per_second: 60, burst: 120 }; // the server allows twice as many, pointers included
const elements = { per_second: 3_000, burst: 20_000 }; // it allows 4,000 and 25,000

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
  /** Pictures that another page of ours could not upload any more. */
  readonly picturesFound = new Signal<[Picture[]]>();
  readonly filesArrived = new Signal<[files: Record<string, BoardFile>]>();
  readonly jobsArrived = new Signal<[jobs: Job[], all: boolean]>();
  readonly progressed = new Signal<[Progress]>();
  readonly peopleChanged = new Signal();
  readonly boardNews = new Signal<[news: Partial<BoardUpdate>]>();
  readonly troubled = new Signal<[ErrorMessage]>();

  readonly inbox = new Inbox();
  readonly people = new People();
  readonly live = new LiveFeed((data) => this.connection.send(data));
  line: Line = "connecting";
  closedBecause = "";
  you: Self;
  session = "";
  frozen = false;
  limits: Limits = default_limits;
  /** Everything up to here has been received; null before the first scene is complete. */
  clock: number | null = null;
  /** The scene is complete as of `clock`. */
  synced = false;

  private readonly outbox: Outbox;
  private readonly connection: Connection;
  private readonly messages = new Allowance(messages.per_second, messages.burst);
  private readonly elements = new Allowance(elements.per_second, elements.burst);
  private readonly pushPace = new Pace(() => Math.max(elementsWait_ms(this.others, 0), this.allowance_ms), () => this.flush());
  private readonly presencePace = new Pace(() => presenceWait_ms(this.others), () => this.sendPresence());
  private readonly keepPace = new Pace(() => (this.keptHere ? keep_ms : keep_again_ms), () => whenIdle(() => this.keep()));
  private readonly delayed = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly stops: (() => void)[] = [];
  /** Drawn here, but not to travel before their pictures have arrived. */
  private held: readonly WireElement[] = [];
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private helloAt = 0;
  private heardAt = 0;
  /** When the ping went out that nothing has answered yet, ms; null: none is out. */
  private pingedAt: number | null = null;
  private patience_ms = pong_patience_ms;
  private welcomed = false;
  /** A complete scene while its parts arrive; null while only changes arrive. */
  private wholeScene: Map<string, WireElement> | null = null;
  /** Acknowledgements that came before the last part of it, which may be older than what they confirm. */
  private earlyAcks: Ack[] = [];

  constructor(private readonly options: RoomOptions) {
    this.you = options.you;
    this.outbox = new Outbox(options.queue);
    this.connection = new Connection(options.url, "board.v1", {
      opened: () => this.hello(),
      received: (text) => this.receive(JSON.parse(text) as ServerMessage),
      pictured: (data) => this.live.show(data),
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

  /** Of those, the ones from before the present connection. */
  get replayCount(): number {
    return this.outbox.replayCount;
  }

  get unacknowledgedCount(): number {
    return this.outbox.unacknowledged.size;
  }

  /** Whether what is not confirmed is kept on this device too, not in the page alone. */
  get keptHere(): boolean {
    return this.options.journal !== undefined && !this.options.journal.failing;
  }

  get mayEdit(): boolean {
    return !this.frozen && this.line !== "closed" && (this.you.role === "owner" || this.you.role === "edit");
  }

  /** Room sessions besides ours. */
  get others(): number {
    return this.people.all.size;
  }

  start(): void {
    const { journal } = this.options;
    if (journal) {
      this.stops.push(journal.found.on((legacy) => this.inherit(legacy)), journal.changed.on(() => this.journalChanged()));
      journal.start();
    }
    this.heartbeat = setInterval(() => this.beat(), heartbeat_ms);
    this.connection.connect();
  }

  stop(): void {
    clearInterval(this.heartbeat);
    clearTimeout(this.leaving);
    for (const timer of this.delayed.values()) clearTimeout(timer);
    for (const pace of [this.pushPace, this.presencePace, this.keepPace]) pace.stop();
    for (const stop of this.stops.splice(0)) stop();
    this.keep("leaving");
    this.options.journal?.stop();
    this.connection.stop();
  }

  /** The network, or the page, is back: no more waiting, and no trust in a line that may have died meanwhile. */
  hurry(): void {
    this.connection.hurry();
    if (this.line !== "open") return;
    this.ping();
    this.patience_ms = hurried_patience_ms;
    setTimeout(() => this.beat(), hurried_patience_ms + 1);
  }

  /** Notes local elements; what the server does not know yet goes out within some 33 ms. */
  offer(elements: Iterable<WireElement>): void {
    if (!this.outbox.offer(elements)) return;
    this.pushPace.ask();
    this.keepPace.ask();
    this.statusChanged.send();
  }

  /** Notes elements that must wait for their pictures: all of them, each time. They are kept, but do not travel. */
  hold(elements: readonly WireElement[]): void {
    if (!elements.length && !this.held.length) return;
    this.held = elements.filter((element) => this.outbox.isNews(element));
    this.keepPace.ask();
  }

  /** Keeps the bytes of a picture that is not on the server yet. */
  keepPicture(picture: Picture): void {
    this.options.journal?.addPicture(picture);
    this.keepPace.ask();
  }

  dropPicture(id: string): void {
    this.options.journal?.dropPicture(id);
    this.keepPace.ask();
  }

  /** Sends what waits, without waiting for the pace: pointer up, blur, page hidden. */
  flushNow(): void {
    if (this.outbox.unsentCount) this.pushPace.now();
  }

  /** Keeps what is not confirmed on this device, in case the page ends. */
  keep(hurry: Hurry = this.line === "open" ? "none" : "some"): void {
    const books = { pushes: this.outbox.unacknowledged, unsent: this.outbox.unsentElements, held: this.held };
    if (this.options.journal?.save(books, hurry)) this.keepPace.ask();
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
    this.helloAt = this.heardAt = Date.now();
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
    this.heardAt = Date.now();
    this.pingedAt = null;
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
        return this.live.hear(message);
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
    this.limits = message.limits;
    clearTimeout(this.leaving);
    this.people.enter(message.session, message.collaborators);
    this.synced = false;
    this.wholeScene = message.complete ? new Map() : null;
    this.earlyAcks = [];
    if (message.background) this.boardNews.send({ background: message.background });
    this.filesArrived.send(message.files);
    this.jobsArrived.send(message.jobs, true);
    this.live.hear({ type: "live", live: message.live });
    this.arrived(message.elements);
    if (!message.more) this.caughtUp(message.clock);
    for (const allowance of [this.messages, this.elements]) allowance.refill();
    this.outbox.connected();
    this.flush();
    this.presencePace.ask();
    this.keepPace.ask();
    void this.options.journal?.look();
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

  /** Acknowledgements count too: the server sends us everything up to that clock before it acknowledges. */
  private advance(clock: number): void {
    this.clock = Math.max(this.clock ?? 0, clock);
  }

  private arrived(elements: readonly WireElement[]): void {
    if (!elements?.length) return;
    for (const element of elements) this.wholeScene?.set(element.id, element);
    for (const element of elements) {
      const relation = this.outbox.relationOf(element);
      if (relation === "move") this.inbox.addMove(element);
      else if (relation === "news") this.inbox.add([element]);
    }
    this.outbox.receive(elements);
    this.elementsArrived.send();
  }

  private acknowledged(ref: string, refused: Refusal[]): void {
    for (const refusal of this.outbox.acknowledge(ref, refused)) this.refused.send(refusal);
    if (this.outbox.hasWork) this.pushPace.ask();
    this.keepPace.ask();
    this.statusChanged.send();
  }

  /** What an earlier page, or one that crashed beside us, could not bring home. */
  private inherit({ pushes, unsent, held, pictures }: Legacy): void {
    const adopted = [...pushes].flatMap(([ref, text]) => this.outbox.adopt(ref, text));
    this.outbox.offer(unsent);
    this.outbox.replay(unsent);
    this.inbox.add([...adopted, ...unsent, ...held]);
    this.keep("leaving"); // at once: what was theirs is to be ours
    this.picturesFound.send(pictures);
    this.elementsArrived.send();
    this.pushPace.ask();
    this.statusChanged.send();
  }

  private journalChanged(): void {
    if (!this.keptHere) this.keepPace.ask();
    this.statusChanged.send();
  }

  private news(message: BoardUpdate): void {
    this.frozen = message.frozen;
    this.you = { ...this.you, role: message.role };
    this.boardNews.send(message);
    this.statusChanged.send();
  }

  /** An error that names a push either asks for patience or refuses all of it. */
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

  private beat(): void {
    const now = Date.now();
    if (this.line !== "open") {
      if (this.connection.isOpen && now - this.helloAt > welcome_patience_ms) this.connection.renew();
      return;
    }
    // A clock that was set back by an hour must not mean an hour of trust.
    if (this.pingedAt !== null && Math.abs(now - this.pingedAt) >= this.patience_ms && !this.connection.isDraining()) {
      this.lineDown("offline");
      this.connection.renew();
      return;
    }
    if (Math.abs(now - this.heardAt) >= heartbeat_ms - 500) this.ping();
    // The line lives: the server cannot store it at the moment. What the others draw comes in as before.
    if (this.connection.isIdle && !this.delayed.size && this.outbox.sendAgain(now - ack_patience_ms)) this.pushPace.ask();
  }

  private ping(): void {
    if (this.pingedAt !== null) return;
    this.pingedAt = Date.now();
    this.patience_ms = pong_patience_ms;
    this.connection.isDraining(); // from here on, what leaves the socket counts as a sign of life
    this.send({ type: "ping" });
  }

  private lost(why: Closing): void {
    if (!why.comeBack) this.closedBecause = why.message;
    this.lineDown(why.comeBack ? "offline" : "closed");
  }

  private lineDown(line: Line): void {
    this.line = line;
    this.welcomed = false;
    this.pingedAt = null;
    this.keepPace.ask();
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.nobodyHere(), line === "closed" ? 0 : people_stay_ms);
    this.statusChanged.send();
  }

  private nobodyHere(): void {
    this.people.clear();
    this.peopleChanged.send();
  }

  private send(message: ClientMessage): void {
    this.connection.send(JSON.stringify(message));
  }
}
