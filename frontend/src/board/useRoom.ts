import { useEffect, useState } from "react";
import type { RoomClient } from "../room/RoomClient";

export interface RoomState {
  status: RoomClient["status"];
  pending: number;
  replaying: number;
  storedHere: boolean;
  mayEdit: boolean;
  frozen: boolean;
  unheard: boolean;
  role: RoomClient["you"]["role"];
  synced: boolean;
  closedBecause: string;
}

const read = (room: RoomClient): RoomState => ({
  status: room.status,
  pending: room.pendingCount,
  replaying: room.replayCount,
  storedHere: room.storedHere,
  mayEdit: room.mayEdit,
  frozen: room.frozen,
  unheard: room.unheard,
  role: room.you.role,
  synced: room.clock !== null,
  closedBecause: room.closedBecause,
});

/** The state of the room; a new object only when a field of it has changed. */
export function useRoom(room: RoomClient): RoomState {
  const [state, setState] = useState(() => read(room));
  useEffect(() => {
    const look = () => {
      const next = read(room);
      setState((before) => ((Object.keys(next) as (keyof RoomState)[]).every((key) => before[key] === next[key]) ? before : next));
    };
    look();
    return room.statusChanged.on(look);
  }, [room]);
  return state;
}
