import { useEffect, useState } from "react";
import { t } from "../language/t";
import type { RoomClient } from "../room/RoomClient";
import { cursorColor, initial } from "../ui/hue";
import { showCursors, type BoardApi } from "./excalidraw";

export interface Person {
  id: string;
  name: string;
  idle: boolean;
}

/** Draws the cursors of the others on the canvas, at most once per animation frame. */
export function useCursors(api: BoardApi | null, room: RoomClient): void {
  useEffect(() => {
    if (!api) return;
    let frame = 0;
    const draw = () => {
      frame = 0;
      showCursors(api, room.people.all);
    };
    const stop = room.peopleChanged.on(() => {
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [api, room]);
}

/** The other people on the board, each once whatever their number of tabs. */
export function peopleOf(room: RoomClient): Person[] {
  const byId = new Map<string, Person>();
  for (const { id, name, idle } of room.people.all.values()) {
    const away = idle !== undefined && idle !== "active";
    byId.set(id, { id, name, idle: away && (byId.get(id)?.idle ?? true) });
  }
  byId.delete(room.you.id);
  return [...byId.values()];
}

/** The other people on the board. The same list until one enters, leaves, idles or is renamed. */
export function usePeople(room: RoomClient): readonly Person[] {
  const [people, setPeople] = useState<readonly Person[]>([]);
  useEffect(() => {
    const look = () => {
      const next = peopleOf(room);
      setPeople((before) => (JSON.stringify(before) === JSON.stringify(next) ? before : next));
    };
    look();
    return room.peopleChanged.on(look);
  }, [room]);
  return people;
}

/** A person's first letter in the colour of their cursor; what it stands beside says who it is. */
export function Avatar({ person }: { person: Person }) {
  return <span className="avatar" style={{ background: cursorColor(person.id) }} data-idle={person.idle} aria-hidden="true">{initial(person.name)}</span>;
}

export function nameOf({ name, idle }: Person): string {
  return idle ? t("{name} (away)", { name }) : name;
}
