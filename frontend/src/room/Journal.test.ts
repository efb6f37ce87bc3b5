import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { StubLocks } from "../test/StubLocks";
import { element } from "../test/wire";
import { Journal, type Unconfirmed, type JournalOptions, type OrphanedQueue } from "./Journal";
import { LocalDatabase } from "./LocalDatabase";

let factory: IDBFactory;
let locks: StubLocks;

beforeEach(() => {
  factory = new IDBFactory();
  locks = new StubLocks();
});

/** A page of one person on one board, and what it found there. */
function open(queue: string, options: Partial<JournalOptions> = {}, device: IDBFactory = factory) {
  const found: OrphanedQueue[] = [];
  const journal = new Journal(new LocalDatabase(device), { board: "b1", person: "ana", queue, locks: locks.of(queue), ...options });
  journal.adopted.on((legacy) => found.push(legacy));
  journal.start();
  return { journal, found };
}

const books = (fields: Partial<Unconfirmed> = {}): Unconfirmed => ({ pushes: new Map(), unsent: [], held: [], ...fields });
const records = async () => (await new LocalDatabase(factory).read([])).map(({ key }) => key.slice(2).join("/"));
const until = async (expected: string[]) => vi.waitFor(async () => expect((await records()).sort()).toEqual(expected.sort()));

describe("what is kept", () => {
  it("nothing that is confirmed before the next look", async () => {
    const { journal } = open("q1");
    expect(journal.save(books({ pushes: new Map([["q1.1", "one"]]) }), "none")).toBe(true);
    expect(journal.save(books({ pushes: new Map([["q1.2", "two"]]) }), "none")).toBe(true);
    expect(journal.save(books(), "none")).toBe(false);
    expect(await records()).toEqual([]);
  });

  it("what is still there at the next look", async () => {
    const { journal } = open("q1");
    journal.save(books({ pushes: new Map([["q1.1", "one"]]) }), "none");
    expect(journal.save(books({ pushes: new Map([["q1.1", "one"]]) }), "none")).toBe(false);
    await until(["q1/push/q1.1"]);
  });

  it("everything at once without a line, and again only what changed", async () => {
    const { journal } = open("q1");
    journal.save(books({ unsent: [element("a"), element("b")], held: [element("c")] }), "some");
    await until(["q1/unsent/a", "q1/unsent/b", "q1/held/c"]);
    const change = vi.spyOn(LocalDatabase.prototype, "change");
    journal.save(books({ unsent: [element("a", { version: 2 }), element("b")], held: [element("c")] }), "some");
    journal.save(books({ unsent: [element("a", { version: 2 }), element("b")], held: [element("c")] }), "some");
    expect(change.mock.calls.map(([puts]) => puts.map(({ key }) => key.at(-1)))).toEqual([["a"]]);
  });

  it("an element as it was, though the canvas changes it in place", async () => {
    const { journal } = open("q1");
    const live = { ...element("a"), x: 1 };
    journal.save(books({ unsent: [live] }), "some");
    live.x = 2;
    await until(["q1/unsent/a"]);
    const [{ value }] = (await new LocalDatabase(factory).read(["b1"])) as unknown as [{ value: string }];
    expect(JSON.parse(value)).toMatchObject({ x: 1 });
  });

  it("what leaves one record and enters another does both at once", async () => {
    const { journal } = open("q1");
    journal.save(books({ unsent: [element("a")] }), "some");
    await until(["q1/unsent/a"]);
    const change = vi.spyOn(LocalDatabase.prototype, "change");
    journal.save(books({ pushes: new Map([["q1.1", "text"]]) }), "none");
    expect(change).toHaveBeenCalledOnce();
    await until(["q1/push/q1.1"]);
  });

  it("a great deal goes in parts, except when the page is being left", async () => {
    const many = Array.from({ length: 2_500 }, (_, at) => element(`e${at}`));
    const { journal } = open("q1");
    const change = vi.spyOn(LocalDatabase.prototype, "change");
    expect(journal.save(books({ unsent: many }), "some")).toBe(true);
    expect(change.mock.calls[0]![0]).toHaveLength(1_000);
    expect(journal.save(books({ unsent: many }), "leaving")).toBe(false);
    expect(change.mock.calls[1]![0]).toHaveLength(1_500);
  });

  it("a device that keeps nothing is told, and tried again", async () => {
    const { journal } = open("q1");
    const change = vi.spyOn(LocalDatabase.prototype, "change").mockRejectedValueOnce(new DOMException("full", "QuotaExceededError"));
    journal.save(books({ unsent: [element("a")] }), "some");
    await vi.waitFor(() => expect(journal.failing).toBe(true));
    change.mockRestore();
    journal.save(books({ unsent: [element("a")] }), "some");
    await until(["q1/unsent/a"]);
    await vi.waitFor(() => expect(journal.failing).toBe(false));
  });
});

describe("two pages", () => {
  const left = books({ pushes: new Map([["q1.1", "word for word"]]), unsent: [element("a", { version: 3 })], held: [element("p", { type: "image", fileId: "f1" })] });

  /** A page that wrote and then died. */
  async function crashed(queue = "q1", options: Partial<JournalOptions> = {}) {
    const { journal } = open(queue, options);
    journal.addPicture({ id: "f1", mimeType: "image/png", dataURL: "data:image/png;base64,AAAA" });
    journal.addPicture({ id: "f2", mimeType: "image/png", dataURL: "data:image/png;base64,BBBB" });
    journal.save(left, "leaving");
    await vi.waitFor(async () => expect(await records()).toHaveLength(5));
    locks.crash(queue);
  }

  it("a page takes over what a crashed one left: pushes with their ids, changes, pictures that something shows", async () => {
    await crashed();
    const { found } = open("q2");
    await vi.waitFor(() => expect(found).toHaveLength(1));
    expect(found[0]!.pushes).toEqual(new Map([["q1.1", "word for word"]]));
    expect(found[0]!.unsent).toEqual([element("a", { version: 3 })]);
    expect(found[0]!.held.map(({ id }) => id)).toEqual(["p"]);
    expect(found[0]!.pictures).toEqual([{ id: "f1", mimeType: "image/png", dataURL: "data:image/png;base64,AAAA" }]);
  });

  it("and puts it under its own name in one step", async () => {
    await crashed();
    const { journal, found } = open("q2");
    await vi.waitFor(() => expect(found).toHaveLength(1));
    const change = vi.spyOn(LocalDatabase.prototype, "change");
    journal.save(left, "none");
    expect(change).toHaveBeenCalledOnce();
    await until(["q2/push/q1.1", "q2/unsent/a", "q2/held/p", "q2/picture/f1"]);
  });

  it("a living page's queue is its own, until it dies", async () => {
    const first = open("q1");
    first.journal.save(left, "some");
    await vi.waitFor(async () => expect(await records()).toHaveLength(3));
    const second = open("q2");
    second.journal.save(books({ unsent: [element("a", { version: 9 })] }), "some");
    await until(["q1/push/q1.1", "q1/unsent/a", "q1/held/p", "q2/unsent/a"]);
    expect(second.found).toEqual([]);
    locks.crash("q1");
    await vi.waitFor(() => expect(second.found).toHaveLength(1));
  });

  it("only one of two pages that wait gets it", async () => {
    const first = open("q1");
    first.journal.save(left, "some");
    await vi.waitFor(async () => expect(await records()).toHaveLength(3));
    const [second, third] = [open("q2"), open("q3")];
    await Promise.all([second.journal.adoptQueues(), third.journal.adoptQueues()]);
    locks.crash("q1");
    await vi.waitFor(() => expect(second.found.length + third.found.length).toBe(1));
    (second.found.length ? second : third).journal.save(left, "some");
    await vi.waitFor(async () => expect((await records()).some((key) => key.startsWith("q1/"))).toBe(false));
    await Promise.all([second.journal.adoptQueues(), third.journal.adoptQueues()]);
    expect(second.found.length + third.found.length).toBe(1);
  });

  it("a page that is there already looks again when asked, as after a reconnect", async () => {
    const second = open("q2");
    await second.journal.adoptQueues();
    await crashed();
    await second.journal.adoptQueues();
    await vi.waitFor(() => expect(second.found).toHaveLength(1));
  });

  it("without locks, as over plain http, a page takes what it finds", async () => {
    const first = open("q1", { locks: undefined });
    first.journal.save(left, "some");
    await vi.waitFor(async () => expect(await records()).toHaveLength(3));
    const second = open("q2", { locks: undefined });
    await vi.waitFor(() => expect(second.found).toHaveLength(1));
  });

  it.each<[string, Partial<JournalOptions>]>([
    ["another board", { board: "b2" }],
    ["another person", { person: "mallory" }],
  ])("%s sees nothing of it", async (_name, options) => {
    await crashed();
    const { journal, found } = open("q2", options);
    await journal.adoptQueues();
    const ana = open("q3");
    await vi.waitFor(() => expect(ana.found).toHaveLength(1));
    expect(found).toEqual([]);
  });

  it("who signs in takes along what they did as a guest", async () => {
    await crashed("q1", { person: "guest" });
    const { found } = open("q2", { person: "ana", formerPerson: "guest" });
    await vi.waitFor(() => expect(found).toHaveLength(1));
  });
});
