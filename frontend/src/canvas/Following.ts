import type { Region } from "../api/types";
import type { Collaborator } from "../room/messages";
import type { RoomClient } from "../room/RoomClient";
import { followedSession, fitView, glideTo, inView, onFollowed, setFollowed, type BoardApi } from "./excalidraw";

/** Left, top, right and bottom of what somebody sees, scene units. */
type Viewport = readonly number[];

export interface Followed {
  /** Of the person. */
  id: string;
  name: string;
}

/**
 * Tells the others what is in view here, and follows what is in view of one of them until one's own hand moves the canvas.
 *
 * Who follows shows to others what the followed person shows, so that a chain of followers sees the same, and two who follow
 * each other do not zoom each other out.
 */
export class Following {
  private followed: Followed | null = null;
  private viewport = "";
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[];

  constructor(
    private readonly canvas: BoardApi,
    private readonly room: RoomClient,
  ) {
    const show = () => this.showOwn();
    window.addEventListener("resize", show);
    this.stops = [canvas.onScrollChange(show), onFollowed(canvas, () => this.look()), room.peopleChanged.on(() => this.keepUp()), () => window.removeEventListener("resize", show)];
    show();
  }

  end(): void {
    for (const stop of this.stops) stop();
  }

  /** Who is followed; the same object until that changes. */
  readonly now = (): Followed | null => this.followed;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** id: of a person. Does nothing if it is not known what they see. */
  follow(id: string): void {
    const [session, person] = this.newest(id, ({ viewport }) => isRegion(viewport)) ?? [];
    if (!session || !person) return;
    setFollowed(this.canvas, { session, name: person.name });
    fitView(this.canvas, regionOf(person.viewport!));
  }

  readonly stop = (): void => setFollowed(this.canvas, null);

  /** Shows what a person sees, or where their pointer is; false if neither is known. */
  goTo(id: string): boolean {
    const [, person] = this.newest(id, ({ viewport, pointer }) => isRegion(viewport) || Boolean(pointer)) ?? [];
    if (!person) return false;
    this.stop();
    if (isRegion(person.viewport)) glideTo(this.canvas, regionOf(person.viewport), "fitted");
    else glideTo(this.canvas, { ...person.pointer!, width: 1, height: 1 }, "centred");
    return true;
  }

  /** Of a person's tabs the one in use, if any, of which the condition holds. */
  private newest(id: string, holds: (person: Collaborator) => boolean): [string, Collaborator] | undefined {
    const tabs = [...this.room.people.all].filter(([, person]) => person.id === id && holds(person));
    return tabs.find(([, { idle }]) => (idle ?? "active") === "active") ?? tabs[0];
  }

  private look(): void {
    const session = followedSession(this.canvas);
    const person = session ? this.room.people.all.get(session) : undefined;
    this.followed = person ? { id: person.id, name: person.name } : null;
    this.showOwn();
    for (const listener of this.listeners) listener();
  }

  private keepUp(): void {
    const viewport = this.theirs();
    if (!viewport || viewport.join() === this.viewport) return;
    fitView(this.canvas, regionOf(viewport));
    this.showOwn();
  }

  private showOwn(): void {
    const viewport = this.theirs() ?? viewportOf(inView(this.canvas));
    if (viewport.join() === this.viewport || !isRegion(viewport)) return;
    this.viewport = viewport.join();
    this.room.show({ viewport: [...viewport] });
  }

  /** What the followed person sees. */
  private theirs(): Viewport | undefined {
    const session = this.followed && followedSession(this.canvas);
    const viewport = session ? this.room.people.all.get(session)?.viewport : undefined;
    return isRegion(viewport) ? viewport : undefined;
  }
}

const farthest = 1e9; // the server takes nothing beyond

function isRegion(viewport: Viewport | undefined): viewport is Viewport {
  if (viewport?.length !== 4 || !viewport.every((value) => Math.abs(value) <= farthest)) return false;
  return viewport[2]! > viewport[0]! && viewport[3]! > viewport[1]!;
}

function viewportOf({ x, y, width, height }: Region): Viewport {
  return [x, y, x + width, y + height].map(Math.round);
}

function regionOf([left, top, right, bottom]: Viewport): Region {
  return { x: left!, y: top!, width: right! - left!, height: bottom! - top! };
}
