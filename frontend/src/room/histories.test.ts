import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import recorded from "../../../tests/shared/room_histories.json";
import { StubSocket } from "../test/StubSocket";
import type { WireElement } from "./protocol";
import { takesIncoming } from "./reconcile";
import { RoomClient } from "./RoomClient";

/** What happened to one page while servers died and lines broke: recorded by the server's storms, which check the rest. */
interface History {
  name: string;
  steps: Step[];
  /** Reference and [id, version, versionNonce] of all that it must send. */
  pushes: [string, [string, number, number][]][];
  clock: number;
  scene: Partial<WireElement>[];
}

type Step = { hello: number | null } | { offer: WireElement } | { feed: { type: string } } | { drop: number };

const histories = recorded as unknown as History[];
let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  StubSocket.made.length = 0;
});

afterEach(() => {
  page.room.stop();
  vi.useRealTimers();
});

describe("histories that the server's storms recorded", () => {
  it.each(histories.map((history) => [history.name, history] as const))("%s", (_name, history) => {
    page = new Page();
    for (const step of history.steps) page.live(step);
    expect(page.pushes).toEqual(history.pushes);
    expect(page.scene).toEqual(history.scene);
    expect(page.room.clock).toBe(history.clock);
  });
});

/** A canvas that shows what the room tells, and nothing of Excalidraw. */
class Page {
  readonly room = new RoomClient({ url: "/ws", you: { id: "u1", name: "Ana", role: "edit" }, doors: StubSocket.doors });
  private readonly held = new Map<string, WireElement>();

  constructor() {
    this.room.elementsArrived.on(() => this.show());
    this.room.elementsGone.on((ids) => ids.forEach((id) => this.held.delete(id)));
    this.room.refused.on(({ id }) => this.takeBack(id));
    this.room.start();
  }

  live(step: Step): void {
    if ("hello" in step) this.connect(step.hello);
    else if ("offer" in step) this.draw(step.offer);
    else if ("feed" in step) StubSocket.latest.feed(step.feed);
    // After `resync` the page has left this line by itself.
    else if (StubSocket.latest.readyState === 1) StubSocket.latest.drop(step.drop);
    vi.advanceTimersByTime(120);
  }

  get pushes(): History["pushes"] {
    const texts = StubSocket.made.flatMap((socket) => socket.messages<{ id: string; elements: WireElement[] }>("push"));
    return texts.map(({ id, elements }) => [id, elements.map((each) => [each.id, each.version, each.versionNonce])]);
  }

  get scene(): Partial<WireElement>[] {
    return [...this.held.values()]
      .map(({ id, x, index, version, versionNonce, isDeleted }) => ({ id, x, index, version, versionNonce, isDeleted }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private connect(clock: number | null): void {
    for (let waited = 0; StubSocket.latest.readyState !== 0 && waited < 60_000; waited += 100) vi.advanceTimersByTime(100);
    StubSocket.latest.accept();
    expect(StubSocket.latest.messages<{ clock?: number }>("hello")[0]?.clock ?? null).toBe(clock);
  }

  private draw(element: WireElement): void {
    this.held.set(element.id, element);
    this.room.offer([element]);
  }

  private show(): void {
    for (const element of this.room.inbox.take()) {
      if (takesIncoming(this.held.get(element.id), element)) this.held.set(element.id, element);
    }
    for (const move of this.room.inbox.takeMoves()) {
      const here = this.held.get(move.id);
      if (here?.["x"] === move["x"] && takesIncoming(here, move)) this.held.set(move.id, move);
    }
  }

  private takeBack(id: string): void {
    const server = this.room.giveUp(id);
    if (server) this.held.set(id, server);
    else this.held.delete(id);
  }
}
