import { useEffect, useMemo } from "react";
import type { RoomClient } from "../room/RoomClient";

const idle_ms = 60_000;
const most_selected = 200;

interface PointerUpdate {
  pointer: { x: number; y: number; tool: "pointer" | "laser" };
  button: "up" | "down";
  pointersMap: ReadonlyMap<number, unknown>;
}

/** Tells the others where I point, what I have selected, and whether I am there. */
class Teller {
  private selection = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly room: RoomClient) {}

  readonly pointer = ({ pointer, button, pointersMap }: PointerUpdate): void => {
    if (pointersMap.size > 1) return; // two fingers move the view, not a pointer
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.room.show({ idle: "idle" }), idle_ms);
    this.room.show({ pointer: { ...pointer, x: tenth(pointer.x), y: tenth(pointer.y) }, button, idle: "active" });
  };

  selected(ids: Readonly<Record<string, true>>): void {
    const selected = Object.keys(ids).slice(0, most_selected);
    if (selected.join() === this.selection) return;
    this.selection = selected.join();
    this.room.show({ selected });
  }

  readonly seen = (): void => this.room.show({ idle: document.hidden ? "away" : "active" });

  stop(): void {
    clearTimeout(this.timer);
  }
}

export function usePresence(room: RoomClient): Teller {
  const teller = useMemo(() => new Teller(room), [room]);
  useEffect(() => {
    document.addEventListener("visibilitychange", teller.seen);
    return () => {
      document.removeEventListener("visibilitychange", teller.seen);
      teller.stop();
    };
  }, [teller]);
  return teller;
}

const tenth = (value: number) => Math.round(value * 10) / 10;
