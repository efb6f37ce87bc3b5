import { takesIncoming, type Versioned } from "./reconcile";
import type { Limits, Refusal, WireElement } from "./protocol";

/** A push on its way: kept word for word until the server has committed it, so that sending it again is harmless. */
interface Push {
  text: string;
  /** What was sent of each element. */
  bodies: Map<string, Settled>;
  sentAt: number;
}

interface Settled extends Versioned {
  body: WireElement | string;
}

export interface Batch {
  ref: string;
  text: string;
}

const utf8 = new TextEncoder();

/**
 * The books of one page: what the server has, what it was told and has not confirmed, what it was not told yet.
 *
 * Knows no socket and no canvas. Elements offered here may be changed in place by their owner; whatever must not
 * change any more is kept as text.
 */
export class Outbox {
  private readonly settled = new Map<string, Settled>();
  /** Newest version of each element that went through here in either direction: what need not be sent. */
  private readonly seen = new Map<string, Versioned>();
  private readonly unsent = new Map<string, WireElement>();
  private readonly pushes = new Map<string, Push>();
  private count = 0;

  /** Notes local elements whose version is news to the server. Returns whether there were any. */
  offer(elements: Iterable<WireElement>): boolean {
    let news = false;
    for (const element of elements) {
      if (!takesIncoming(this.seen.get(element.id), element)) continue;
      this.seen.set(element.id, versionOf(element));
      this.unsent.set(element.id, element);
      news = true;
    }
    return news;
  }

  /** Notes what the server has. What it beats need not be sent any more. */
  receive(elements: Iterable<WireElement>): void {
    for (const element of elements) {
      this.settle(element.id, { ...versionOf(element), body: element });
      if (takesIncoming(this.seen.get(element.id), element)) this.seen.set(element.id, versionOf(element));
      const waiting = this.unsent.get(element.id);
      if (waiting && takesIncoming(waiting, element)) this.unsent.delete(element.id);
    }
  }

  /**
   * Whether this is what we sent ourselves, put at another place in the order: the server found the index taken.
   *
   * To be asked before the acknowledgement, which always comes after it. What was edited here since must not fall
   * back to what was sent, only take over the place.
   */
  isMoveOfOurs(element: WireElement): boolean {
    const arrived = stripped(element);
    return [...this.pushes.values()].some((push) => {
      const sent = push.bodies.get(element.id);
      return sent !== undefined && stripped(bodyOf(sent)) === arrived;
    });
  }

  /** Takes the next push out of what waits, within the limits; null when nothing waits. */
  nextPush(limits: Limits, refuse: (refusal: Refusal) => void): Batch | null {
    const bodies = new Map<string, Settled & { body: string }>();
    const ref = `p${this.count + 1}`;
    const envelope = `{"type":"push","id":"${ref}","elements":[]}`.length;
    let size = envelope;
    for (const [id, element] of this.unsent) {
      const body = JSON.stringify(element);
      const bytes = utf8.encode(body).length + 1;
      if (envelope + bytes > limits.max_push_bytes) {
        this.unsent.delete(id);
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
    return { ref, text };
  }

  /** The server committed a push. Returns the refusals that count: nothing newer of the element is on its way. */
  acknowledge(ref: string, refused: readonly Refusal[]): Refusal[] {
    const push = this.pushes.get(ref);
    if (!push) return [];
    this.pushes.delete(ref);
    const refusedIds = new Set(refused.map((refusal) => refusal.id));
    for (const [id, sent] of push.bodies) {
      if (!refusedIds.has(id)) this.settle(id, sent);
    }
    return refused.filter(({ id }) => push.bodies.has(id) && !this.isPending(id));
  }

  idsOf(ref: string): string[] {
    return [...(this.pushes.get(ref)?.bodies.keys() ?? [])];
  }

  /** A refused element goes back to this: the server's own version, null when it has none. */
  giveUp(id: string): WireElement | null {
    const settled = this.settled.get(id);
    this.unsent.delete(id);
    if (!settled) {
      this.seen.delete(id);
      return null;
    }
    this.seen.set(id, { version: settled.version, versionNonce: settled.versionNonce });
    return bodyOf(settled);
  }

  /** Forgets what the server no longer has. Returns the ids that may leave the page. */
  keepOnly(ids: ReadonlySet<string>): Set<string> {
    const gone = new Set([...this.settled.keys()].filter((id) => !ids.has(id) && !this.isPending(id)));
    for (const id of gone) {
      this.settled.delete(id);
      this.seen.delete(id);
    }
    return gone;
  }

  isPending(id: string): boolean {
    return this.unsent.has(id) || [...this.pushes.values()].some((push) => push.bodies.has(id));
  }

  /** Whether the server ever had this element. */
  isSettled(id: string): boolean {
    return this.settled.has(id);
  }

  /** Everything not confirmed, as it would be sent. */
  pending(): WireElement[] {
    const newest = new Map<string, WireElement>();
    for (const push of this.pushes.values()) {
      for (const [id, sent] of push.bodies) newest.set(id, bodyOf(sent));
    }
    for (const [id, element] of this.unsent) newest.set(id, element);
    return [...newest.values()];
  }

  get pendingCount(): number {
    if (!this.pushes.size) return this.unsent.size;
    const ids = new Set(this.unsent.keys());
    for (const push of this.pushes.values()) for (const id of push.bodies.keys()) ids.add(id);
    return ids.size;
  }

  get unsentCount(): number {
    return this.unsent.size;
  }

  /** Pushes that wait for their acknowledgement, oldest first. */
  get unacknowledged(): Batch[] {
    return [...this.pushes].map(([ref, { text }]) => ({ ref, text }));
  }

  get oldestSentAt(): number {
    return Math.min(...[...this.pushes.values()].map((push) => push.sentAt));
  }

  /** The waiting for acknowledgements starts anew, after everything was sent again. */
  sentAgain(): void {
    for (const push of this.pushes.values()) push.sentAt = Date.now();
  }

  private settle(id: string, settled: Settled): void {
    if (takesIncoming(this.settled.get(id), settled)) this.settled.set(id, settled);
  }
}

function bodyOf({ body }: Settled): WireElement {
  return typeof body === "string" ? (JSON.parse(body) as WireElement) : body;
}

/** The element without what a move changes. */
function stripped(element: WireElement): string {
  return JSON.stringify({ ...element, index: "", version: 0, versionNonce: 0 });
}

function versionOf({ version, versionNonce }: Versioned): Versioned {
  return { version, versionNonce };
}
