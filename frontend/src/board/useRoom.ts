import { useEffect, useState } from "react";
import type { RoomClient } from "../room/RoomClient";

export interface RoomState {
  line: RoomClient["line"];
  pending: number;
  replaying: number;
  keptHere: boolean;
  mayEdit: boolean;
  frozen: boolean;
  role: RoomClient["you"]["role"];
  synced: boolean;
  closedBecause: string;
}

const read = (room: RoomClient): RoomState => ({
  line: room.line,
  pending: room.pendingCount,
  replaying: room.replayCount,
  keptHere: room.keptHere,
  mayEdit: room.mayEdit,
  frozen: room.frozen,
  role: room.you.role,
  synced: room.clock !== null,
  closedBecause: room.closedBecause,
});

/** How the room stands; a new object only when something in it differs. */
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
