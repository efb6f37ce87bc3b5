import { useEffect, useMemo } from "react";
import type { RoomClient } from "../room/RoomClient";

const idle_ms = 60_000;
const most_selected = 200;

interface PointerUpdate {
  pointer: { x: number; y: number; tool: "pointer" | "laser" };
  button: "up" | "down";
  pointersMap: ReadonlyMap<number, unknown>;
}

/** Sends pointer, selection and idle state to the others. */
class PresenceSender {
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

export function usePresence(room: RoomClient): PresenceSender {
  const sender = useMemo(() => new PresenceSender(room), [room]);
  useEffect(() => {
    document.addEventListener("visibilitychange", sender.seen);
    return () => {
      document.removeEventListener("visibilitychange", sender.seen);
      sender.stop();
    };
  }, [sender]);
  return sender;
}

const tenth = (value: number) => Math.round(value * 10) / 10;
