import type { LiveRun } from "../room/messages";
import type { RoomClient } from "../room/RoomClient";
import { chosen } from "./LiveLayer";

/**
 * Begins again what this page drew live when its line broke, unless somebody else's is on by then. A reload begins
 * nothing. Returns what ends it. Rule L13 in docs/live.md.
 */
export function resumeAfterBreaks(room: Pick<RoomClient, "live" | "session" | "mayEdit">): () => void {
  const { live } = room;
  let mine: LiveRun | null = null;
  const look = () => {
    const { now } = live;
    if (now) {
      // The server may take my lost line for open a while longer: then it is mine still, under another session.
      if (now.host.session === room.session) mine = now;
      else if (now.run !== mine?.run) mine = null;
    } else if (mine) {
      const { frame, params } = mine;
      mine = null;
      if (room.mayEdit) live.start(frame, chosen(params));
    }
  };
  look();
  const stops = [
    live.ended.on((_, { reason }) => {
      if (reason !== "host_left") mine = null; // somebody or something ended it
    }),
    live.changed.on(look),
  ];
  return () => stops.forEach((stop) => stop());
}
