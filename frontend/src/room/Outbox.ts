import { takesIncoming, type Versioned } from "./reconcile";
import type { Limits, Refusal } from "./messages";
import type { WireElement } from "./protocol";

/** A push without its acknowledgement. Its text is kept, so that sending it again is harmless. */
interface Push {
  text: string;
  /** The version of each element that was sent. */
  bodies: Map<string, Settled>;
  /** Time at which it was sent on the present connection, ms; null: not yet. */
  sentAt: number | null;
}

interface Settled extends Versioned {
  body: WireElement | string;
}

export interface Batch {
  ref: string;
  text: string;
  /** Number of elements. */
  size: number;
}

/** How an element from the server relates to what was sent here; see relationOf. */
export type Relation = "newer" | "echo" | "move";

const utf8 = new TextEncoder();

/**
 * The changes of one page: those that the server has, those sent and not confirmed, and those not sent yet.
 *
 * Knows no socket and no canvas. The canvas may change elements in place after they were offered; whatever must not change
 * is stored as text.
 */
export class Outbox {
  private readonly settled = new Map<string, Settled>();
  /** Newest version of each element that was sent or received; it need not be sent. */
  private readonly seen = new Map<string, Versioned>();
  private readonly unsent = new Map<string, WireElement>();
  private readonly pushes = new Map<string, Push>();
  /** Ids of pending elements from before the present connection. */
  private readonly replayed = new Set<string>();
  private count = 0;

  /** queue: begins the reference of each push; no two pages may share one, as pushes outlive their page. */
  constructor(private readonly queue = "p") {}

  /** Takes local elements whose version the server does not know. Returns true if there were any. */
  offer(elements: Iterable<WireElement>): boolean {
    let found = false;
    for (const element of elements) {
      if (!takesIncoming(this.seen.get(element.id), element)) continue;
      this.seen.set(element.id, versionOf(element));
      this.unsent.set(element.id, element);
      found = true;
    }
    return found;
  }

  /** Takes elements from the server. Unsent changes that lose against them are dropped. */
  receive(elements: Iterable<WireElement>): void {
    for (const element of elements) {
      this.settle(element.id, { ...versionOf(element), body: element });
      if (takesIncoming(this.seen.get(element.id), element)) this.seen.set(element.id, versionOf(element));
      const waiting = this.unsent.get(element.id);
      if (waiting && takesIncoming(waiting, element)) {
        this.unsent.delete(element.id);
        if (!this.isPending(element.id)) this.replayed.delete(element.id);
      }
    }
  }

  /** True if the server may not know this version. */
  isNews(element: WireElement): boolean {
    return takesIncoming(this.seen.get(element.id), element);
  }

  /**
   * How an element that arrives relates to what was sent. Call it before the acknowledgement, which always comes later.
   *
   * An echo is a version that went through here already. A move is what we sent ourselves, put at another place in the
   * order, as the server found the index taken: what was edited here since must not fall back to what was sent, only
   * take over the place.
   */
  relationOf(element: WireElement): Relation {
    const seen = this.seen.get(element.id);
    if (seen && isSame(seen, element)) return "echo";
    const sent = [...this.pushes.values()].flatMap(({ bodies }) => bodies.get(element.id) ?? []);
    if (sent.some((each) => isSame(each, element))) return "echo";
    if (!sent.length) return "newer";
    const arrived = stripped(element);
    return sent.some((each) => stripped(bodyOf(each)) === arrived) ? "move" : "newer";
  }

  /** Called on a new connection: everything unconfirmed has to be sent on it, unchanged. */
  connected(): void {
    for (const push of this.pushes.values()) push.sentAt = null;
    this.replayed.clear();
    for (const id of this.pendingIds()) this.replayed.add(id);
  }

  /** Marks pushes that were sent before this time (ms) and not answered to be sent again. Returns true if there are any. */
  sendAgain(before: number): boolean {
    const late = [...this.pushes.values()].filter(({ sentAt }) => sentAt !== null && sentAt < before);
    for (const push of late) push.sentAt = null;
    return late.length > 0;
  }

  /** Takes over a push of a closed page and returns its elements; an unreadable one is dropped. */
  adopt(ref: string, text: string): WireElement[] {
    const elements = elementsOf(text);
    if (!elements.length || this.pushes.has(ref)) return [];
    for (const element of elements) {
      if (this.isNews(element)) this.seen.set(element.id, versionOf(element));
      this.replayed.add(element.id);
    }
    this.pushes.set(ref, { text, bodies: new Map(elements.map((element) => [element.id, { ...versionOf(element), body: element }])), sentAt: null });
    return elements;
  }

  /** Counts unsent elements as from before this connection. */
  replay(elements: Iterable<WireElement>): void {
    for (const { id } of elements) if (this.unsent.has(id)) this.replayed.add(id);
  }

  /** The next push to send: an old one first, else a new one of unsent changes within the limits; null for none. */
  nextPush(limits: Limits, refuse: (refusal: Refusal) => void): Batch | null {
    for (const [ref, push] of this.pushes) {
      if (push.sentAt !== null) continue;
      push.sentAt = Date.now();
      return { ref, text: push.text, size: push.bodies.size };
    }
    return this.newPush(limits, refuse);
  }

  private newPush(limits: Limits, refuse: (refusal: Refusal) => void): Batch | null {
    const bodies = new Map<string, Settled & { body: string }>();
    const ref = `${this.queue}${this.count + 1}`;
    const envelope = `{"type":"push","id":"${ref}","elements":[]}`.length;
    let size = envelope;
    for (const [id, element] of this.unsent) {
      const body = JSON.stringify(element);
      const bytes = utf8.encode(body).length + 1;
      if (envelope + bytes > limits.max_push_bytes) {
        this.unsent.delete(id);
        this.replayed.delete(id);
        refuse({ id, code: "element_too_big", message: "One element is too big to be saved." });
        continue;
      }
      if (size + bytes > limits.max_push_bytes || bodies.size >= limits.max_elements_per_push) break;
      size += bytes;
      bodies.set(id, { ...versionOf(element), body });
      this.seen.set(id, versionOf(element));
      this.unsent.delete(id);
    }
    if (!bodies.size) return null;
    this.count += 1;
    const text = `{"type":"push","id":"${ref}","elements":[${[...bodies.values()].map(({ body }) => body).join(",")}]}`;
    this.pushes.set(ref, { text, bodies, sentAt: Date.now() });
    return { ref, text, size: bodies.size };
  }

  /** Called when the server has committed a push. Returns the refusals of elements of which nothing newer was sent. */
  acknowledge(ref: string, refused: readonly Refusal[]): Refusal[] {
    const push = this.pushes.get(ref);
    if (!push) return [];
    this.pushes.delete(ref);
    const refusedIds = new Set(refused.map((refusal) => refusal.id));
    for (const [id, sent] of push.bodies) {
      if (!refusedIds.has(id)) this.settle(id, sent);
      if (!this.isPending(id)) this.replayed.delete(id);
    }
    return refused.filter(({ id }) => push.bodies.has(id) && !this.hasNewer(id, push.bodies.get(id)!));
  }

  idsOf(ref: string): string[] {
    return [...(this.pushes.get(ref)?.bodies.keys() ?? [])];
  }

  /** Drops the unsent change of a refused element. Returns its newest version left, sent or the server's; null for neither. */
  giveUp(id: string): WireElement | null {
    this.unsent.delete(id);
    return this.fallBack(id);
  }

  /**
   * Replaces what is known of the server by a complete scene, even by older versions: the server may have lost newer ones.
   *
   * Returns by id the elements that the page has to show instead; null: none. Unconfirmed changes stay.
   */
  startOver(scene: ReadonlyMap<string, WireElement>): Map<string, WireElement | null> {
    const instead = new Map<string, WireElement | null>();
    for (const [id, settled] of [...this.settled]) {
      const stored = scene.get(id);
      const isOther = stored && isSame(stored, settled) && stripped(stored) !== stripped(bodyOf(settled));
      if (stored && !isOther && !takesIncoming(stored, settled)) continue;
      if (stored) this.settled.set(id, { ...versionOf(stored), body: stored });
      else this.settled.delete(id);
      const shown = this.seen.get(id);
      const element = this.fallBack(id);
      if (isOther || !element || !shown || !isSame(shown, element)) instead.set(id, element);
    }
    return instead;
  }

  isPending(id: string): boolean {
    return this.unsent.has(id) || [...this.pushes.values()].some((push) => push.bodies.has(id));
  }

  /** True if the server has or had this element. */
  isSettled(id: string): boolean {
    return this.settled.has(id);
  }

  get pendingCount(): number {
    return this.pushes.size ? this.pendingIds().size : this.unsent.size;
  }

  get unsentCount(): number {
    return this.unsent.size;
  }

  /** Number of pending elements from before the present connection. */
  get replayCount(): number {
    return this.replayed.size;
  }

  /** True if something has not been sent on the present connection. */
  get hasWork(): boolean {
    return this.unsent.size > 0 || [...this.pushes.values()].some(({ sentAt }) => sentAt === null);
  }

  /** Pushes that wait for their acknowledgement on the present connection. */
  get inFlight(): number {
    let count = 0;
    for (const { sentAt } of this.pushes.values()) if (sentAt !== null) count += 1;
    return count;
  }

  /** Pushes without their acknowledgement, sent or not, oldest first: text by reference. */
  get unacknowledged(): ReadonlyMap<string, string> {
    return new Map([...this.pushes].map(([ref, { text }]) => [ref, text]));
  }

  /** Changes in no push yet. The canvas may change these objects: read them at once. */
  get unsentElements(): Iterable<WireElement> {
    return this.unsent.values();
  }

  private pendingIds(): Set<string> {
    const ids = new Set(this.unsent.keys());
    for (const { bodies } of this.pushes.values()) for (const id of bodies.keys()) ids.add(id);
    return ids;
  }

  /** True if a newer version of the element was sent or is to be sent. */
  private hasNewer(id: string, than: Versioned): boolean {
    const waiting = this.unsent.get(id);
    if (waiting && takesIncoming(than, waiting)) return true;
    return [...this.pushes.values()].some(({ bodies }) => bodies.has(id) && takesIncoming(than, bodies.get(id)!));
  }

  /** The newest version left of an element, which counts as seen from now on. */
  private fallBack(id: string): WireElement | null {
    let newest = this.settled.get(id);
    for (const { bodies } of this.pushes.values()) {
      const sent = bodies.get(id);
      if (sent && takesIncoming(newest, sent)) newest = sent;
    }
    const waiting = this.unsent.get(id);
    if (waiting && takesIncoming(newest, waiting)) newest = { ...versionOf(waiting), body: waiting };
    if (!this.isPending(id)) this.replayed.delete(id);
    if (newest) this.seen.set(id, versionOf(newest));
    else this.seen.delete(id);
    return newest ? bodyOf(newest) : null;
  }

  private settle(id: string, settled: Settled): void {
    if (takesIncoming(this.settled.get(id), settled)) this.settled.set(id, settled);
  }
}

function bodyOf({ body }: Settled): WireElement {
  return typeof body === "string" ? (JSON.parse(body) as WireElement) : body;
}

/** The element as JSON, without the fields that a move changes. */
function stripped(element: WireElement): string {
  return JSON.stringify({ ...element, index: "", version: 0, versionNonce: 0 });
}

function isSame(a: Versioned, b: Versioned): boolean {
  return a.version === b.version && a.versionNonce === b.versionNonce;
}

function elementsOf(push: string): WireElement[] {
  try {
    return (JSON.parse(push) as { elements: WireElement[] }).elements ?? [];
  } catch {
    return [];
  }
}

function versionOf({ version, versionNonce }: Versioned): Versioned {
  return { version, versionNonce };
}
