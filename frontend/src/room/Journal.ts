import { Signal } from "./signal";
import type { Entry, Key, LocalDatabase } from "./LocalDatabase";
import type { WireElement } from "./protocol";

/** A picture that was pasted or dropped and is not on the server yet. */
export interface Picture {
  id: string;
  mimeType: string;
  dataURL: string;
}

/** Changes that the server has not confirmed. */
export interface Unconfirmed {
  /** Texts of pushes by reference; sent again unchanged. */
  pushes: ReadonlyMap<string, string>;
  /** Changed elements that are in no push yet. */
  unsent: Iterable<WireElement>;
  /** Elements whose pictures are not on the server yet. */
  held: Iterable<WireElement>;
}

/** Unconfirmed changes of a page that was closed or crashed. */
export interface OrphanedQueue {
  pushes: ReadonlyMap<string, string>;
  unsent: WireElement[];
  held: WireElement[];
  pictures: Picture[];
}

type Kind = "push" | "unsent" | "held" | "picture";

/** How soon to write: connected, not connected, or while the page is being left. */
export type Urgency = "none" | "some" | "leaving";

const most_at_once = 1_000; // one save must not delay an animation frame, however much was changed offline

/** The part of the browser's LockManager that is used here. */
export type Locks = Pick<LockManager, "request">;

export interface JournalOptions {
  board: string;
  /** Id of the person who made the changes; they are never sent under another name. */
  person: string;
  /** Another id whose changes this person takes over: that of the guest before signing in. */
  formerPerson?: string;
  /** Name of this page's own queue, different for every page. */
  queue: string;
  /** Undefined on plain http. */
  locks?: Locks;
}

/**
 * Stores on this device what the server has not confirmed: texts of pushes, changes not sent yet, and pictures.
 *
 * Each page writes under a queue of its own, so that two tabs never overwrite each other, and holds the lock of that queue
 * as long as it lives. Other pages wait for the lock; the one that gets it adopts the queue. Without locks, a page adopts
 * every queue that it finds when it opens: sending a change twice is harmless, and the records stay until it is confirmed.
 *
 * A change that is confirmed soon is never written: on a good connection the journal costs nothing.
 */
export class Journal {
  /** Sends the content of a queue that was adopted. */
  readonly adopted = new Signal<[OrphanedQueue]>();
  /** Sent when `failing` has changed. */
  readonly changed = new Signal();
  /** True if the last write failed: unconfirmed changes are in this page only. */
  failing = false;

  private readonly written = new Map<string, { key: Key; mark: string }>();
  private readonly pictures = new Map<string, Picture>();
  private readonly requested = new Set<string>();
  private noticed = new Set<string>();
  private life = lifetime();

  constructor(
    private readonly database: LocalDatabase,
    private readonly options: JournalOptions,
  ) {}

  /** Takes the lock of the own queue and adopts orphaned queues. */
  start(): void {
    const { board, person, queue, locks } = this.options;
    this.requested.add(nameOf([board, person, queue]));
    this.life = lifetime();
    const { ended } = this.life;
    void locks?.request(lockOf([board, person, queue]), () => ended).catch(() => undefined);
    void this.adoptQueues();
  }

  /** Releases all locks: other pages may adopt the queue. */
  stop(): void {
    this.life.end();
  }

  /** Requests the locks of all other queues of this board and adopts each queue once its lock is free. */
  async adoptQueues(): Promise<void> {
    const { board, person, formerPerson: formerly, locks } = this.options;
    try {
      for (const owner of new Set([person, formerly ?? person])) {
        const queues = (await this.database.keys([board, owner])).map((key) => key.slice(0, 3));
        for (const key of queues.filter((each) => !this.requested.has(nameOf(each)))) {
          if (this.requested.has(nameOf(key))) continue;
          this.requested.add(nameOf(key));
          if (locks) void this.waitFor(key, locks);
          else await this.adopt(key);
        }
      }
    } catch {
      this.fail();
    }
  }

  addPicture(picture: Picture): void {
    this.pictures.set(picture.id, picture);
  }

  /** Removes a picture that is on the server or was given up. */
  dropPicture(id: string): void {
    this.pictures.delete(id);
  }

  /**
   * Writes what is new and removes what is confirmed.
   *
   * Without urgency, a change is written only if it is still unconfirmed at the next save. Returns true if another save is
   * needed.
   */
  save(unconfirmed: Unconfirmed, urgency: Urgency): boolean {
    const now = new Map<string, { entry: () => Entry; key: Key; mark: string }>();
    const note = (kind: Kind, name: string, mark: string, value: () => unknown) => {
      const key = [this.options.board, this.options.person, this.options.queue, kind, name];
      now.set(nameOf(key), { key, mark, entry: () => ({ key, value: value() }) });
    };
    for (const [ref, text] of unconfirmed.pushes) note("push", ref, "", () => text);
    for (const element of unconfirmed.unsent) note("unsent", element.id, markOf(element), () => JSON.stringify(element));
    for (const element of unconfirmed.held) note("held", element.id, markOf(element), () => JSON.stringify(element));
    for (const picture of this.pictures.values()) note("picture", picture.id, "", () => picture);

    const gone = [...this.written].filter(([name]) => !now.has(name));
    const changed = [...now].filter(([name, { mark }]) => this.written.get(name)?.mark !== mark);
    // A change that leaves one record enters another: in one transaction, or a crash between them would lose it.
    const ripe = urgency !== "none" || gone.length ? changed : changed.filter(([name]) => this.noticed.has(name));
    const due = urgency === "leaving" || gone.length ? ripe : ripe.slice(0, most_at_once);
    this.noticed = new Set(changed.map(([name]) => name));
    for (const [name] of gone) this.written.delete(name);
    for (const [name, { key, mark }] of due) this.written.set(name, { key, mark });
    if (due.length || gone.length) void this.write(due.map(([, { entry }]) => entry()), gone.map(([, { key }]) => key));
    return due.length < changed.length;
  }

  private async write(puts: Entry[], deletes: Key[]): Promise<void> {
    try {
      await this.database.change(puts, deletes);
      if (!this.failing) return;
      this.failing = false;
      this.changed.send();
    } catch {
      for (const key of [...puts.map((put) => put.key), ...deletes]) this.written.set(nameOf(key), { key, mark: "unsure" });
      this.fail();
    }
  }

  private fail(): void {
    this.failing = true;
    this.changed.send();
  }

  private async waitFor(queue: Key, locks: Locks): Promise<void> {
    const { ended } = this.life;
    try {
      await locks.request(lockOf(queue), async () => {
        await this.adopt(queue);
        await ended;
      });
    } catch {
      this.requested.delete(nameOf(queue)); // not read: requested again by the next adoptQueues
    }
  }

  private async adopt(queue: Key): Promise<void> {
    const entries = await this.database.read(queue);
    const orphaned = { pushes: new Map<string, string>(), unsent: [] as WireElement[], held: [] as WireElement[], pictures: [] as Picture[] };
    for (const { key, value } of entries) {
      this.written.set(nameOf(key), { key, mark: "inherited" }); // removed once it is stored in the own queue
      const [kind, name] = key.slice(queue.length) as [Kind, string];
      if (kind === "push") orphaned.pushes.set(name, value as string);
      else if (kind === "picture") orphaned.pictures.push(value as Picture);
      else orphaned[kind]?.push(JSON.parse(value as string) as WireElement);
    }
    const shown = new Set(orphaned.held.map(({ fileId }) => fileId));
    orphaned.pictures = orphaned.pictures.filter(({ id }) => shown.has(id));
    for (const picture of orphaned.pictures) this.addPicture(picture);
    if (entries.length) this.adopted.send(orphaned);
  }
}

function lifetime(): { ended: Promise<void>; end(): void } {
  let end = () => undefined as void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

const markOf = ({ version, versionNonce }: WireElement) => `${version}:${versionNonce}`;
const nameOf = (key: Key) => key.join("\n");
const lockOf = (queue: Key) => `atelier:${queue.join(":")}`;
