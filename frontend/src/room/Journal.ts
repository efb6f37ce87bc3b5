import { Signal } from "./signal";
import type { Entry, Key, LocalDatabase } from "./LocalDatabase";
import type { WireElement } from "./protocol";

/** A picture that was pasted or dropped and is not on the server yet. */
export interface Picture {
  id: string;
  mimeType: string;
  dataURL: string;
}

/** What a page has to keep until the server has confirmed it. */
export interface Books {
  /** Sent or to be sent word for word, by reference. */
  pushes: ReadonlyMap<string, string>;
  /** Changed and in no push yet. */
  unsent: Iterable<WireElement>;
  /** Must not travel before their pictures are on the server. */
  held: Iterable<WireElement>;
}

/** What another page left behind when it was closed, crashed, or the computer was switched off. */
export interface Legacy {
  pushes: ReadonlyMap<string, string>;
  unsent: WireElement[];
  held: WireElement[];
  pictures: Picture[];
}

type Kind = "push" | "unsent" | "held" | "picture";

/** How much a page has to hurry: on a good line, without one, while it is being left. */
export type Hurry = "none" | "some" | "leaving";

const most_at_once = 1_000; // a look must not cost a frame, however much was changed without a line

/** The part of the browser's LockManager that is used here. */
export type Locks = Pick<LockManager, "request">;

export interface JournalOptions {
  board: string;
  /** Whose changes these are; those of one person never go out under another's name. */
  person: string;
  /** Whose changes this person may take over besides: what one did as a guest before signing in. */
  formerly?: string;
  /** Name of this page's own queue, different for every page. */
  queue: string;
  /** Missing where the page came over plain http. */
  locks?: Locks;
}

/**
 * Keeps on this device what the server has not confirmed: pushes word for word, changes not sent yet, pictures.
 *
 * Every page writes under a queue of its own, so that two tabs never overwrite each other, and holds that queue's lock
 * as long as it lives. Other pages wait for the lock, and whoever gets it takes the queue over. Where there are no
 * locks, a page takes over whatever it finds when it opens: a change that is sent twice is harmless, and each record
 * stays in the books of the page that took it.
 *
 * What is confirmed within a moment is never written: on a good line the journal costs nothing.
 */
export class Journal {
  /** Somebody's queue is ours now. */
  readonly found = new Signal<[Legacy]>();
  /** Whether changes can be kept here at all. */
  readonly changed = new Signal();
  /** The last attempt to write failed: what is not confirmed is in this page only. */
  failing = false;

  private readonly written = new Map<string, { key: Key; mark: string }>();
  private readonly pictures = new Map<string, Picture>();
  private readonly asked = new Set<string>();
  private noticed = new Set<string>();
  private life = lifetime();

  constructor(
    private readonly database: LocalDatabase,
    private readonly options: JournalOptions,
  ) {}

  /** From here on the queue is ours, and what others left is looked for. */
  start(): void {
    const { board, person, queue, locks } = this.options;
    this.asked.add(nameOf([board, person, queue]));
    this.life = lifetime();
    const { ended } = this.life;
    void locks?.request(lockOf([board, person, queue]), () => ended).catch(() => undefined);
    void this.look();
  }

  /** What is ours may be taken over. */
  stop(): void {
    this.life.end();
  }

  /** Asks for every queue that somebody else has written on this board. */
  async look(): Promise<void> {
    const { board, person, formerly, locks } = this.options;
    try {
      for (const owner of new Set([person, formerly ?? person])) {
        const queues = (await this.database.keys([board, owner])).map((key) => key.slice(0, 3));
        for (const key of queues.filter((each) => !this.asked.has(nameOf(each)))) {
          if (this.asked.has(nameOf(key))) continue;
          this.asked.add(nameOf(key));
          if (locks) void this.waitFor(key, locks);
          else await this.inherit(key);
        }
      }
    } catch {
      this.fail();
    }
  }

  addPicture(picture: Picture): void {
    this.pictures.set(picture.id, picture);
  }

  /** It is on the server, or nobody wants it any more. */
  dropPicture(id: string): void {
    this.pictures.delete(id);
  }

  /**
   * Brings the device up to date with the books.
   *
   * Without hurry, what is new is written when it is still there at the next look. Returns whether another look is
   * needed.
   */
  save(books: Books, hurry: Hurry): boolean {
    const now = new Map<string, { entry: () => Entry; key: Key; mark: string }>();
    const note = (kind: Kind, name: string, mark: string, value: () => unknown) => {
      const key = [this.options.board, this.options.person, this.options.queue, kind, name];
      now.set(nameOf(key), { key, mark, entry: () => ({ key, value: value() }) });
    };
    for (const [ref, text] of books.pushes) note("push", ref, "", () => text);
    for (const element of books.unsent) note("unsent", element.id, markOf(element), () => JSON.stringify(element));
    for (const element of books.held) note("held", element.id, markOf(element), () => JSON.stringify(element));
    for (const picture of this.pictures.values()) note("picture", picture.id, "", () => picture);

    const gone = [...this.written].filter(([name]) => !now.has(name));
    const news = [...now].filter(([name, { mark }]) => this.written.get(name)?.mark !== mark);
    // What leaves one record enters another: both at once, or a crash between them would lose it.
    const ripe = hurry !== "none" || gone.length ? news : news.filter(([name]) => this.noticed.has(name));
    const due = hurry === "leaving" || gone.length ? ripe : ripe.slice(0, most_at_once);
    this.noticed = new Set(news.map(([name]) => name));
    for (const [name] of gone) this.written.delete(name);
    for (const [name, { key, mark }] of due) this.written.set(name, { key, mark });
    if (due.length || gone.length) void this.write(due.map(([, { entry }]) => entry()), gone.map(([, { key }]) => key));
    return due.length < news.length;
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
        await this.inherit(queue);
        await ended;
      });
    } catch {
      this.asked.delete(nameOf(queue)); // not read: there will be another look
    }
  }

  private async inherit(queue: Key): Promise<void> {
    const entries = await this.database.read(queue);
    const legacy = { pushes: new Map<string, string>(), unsent: [] as WireElement[], held: [] as WireElement[], pictures: [] as Picture[] };
    for (const { key, value } of entries) {
      this.written.set(nameOf(key), { key, mark: "inherited" }); // goes once it is in our own books
      const [kind, name] = key.slice(queue.length) as [Kind, string];
      if (kind === "push") legacy.pushes.set(name, value as string);
      else if (kind === "picture") legacy.pictures.push(value as Picture);
      else legacy[kind]?.push(JSON.parse(value as string) as WireElement);
    }
    const shown = new Set(legacy.held.map(({ fileId }) => fileId));
    legacy.pictures = legacy.pictures.filter(({ id }) => shown.has(id));
    for (const picture of legacy.pictures) this.addPicture(picture);
    if (entries.length) this.found.send(legacy);
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
