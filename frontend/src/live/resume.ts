import type { LiveRun } from "../room/messages";
import type { RoomClient } from "../room/RoomClient";
import { chosen } from "./LiveLayer";

/**
 * Starts live redraw again after a lost connection if this page was its host, unless another host is live by then. Not after a
 * reload. Returns a function that stops it. Rule L13 in docs/live.md.
 */
export function resumeAfterBreaks(room: Pick<RoomClient, "live" | "session" | "mayEdit">): () => void {
  const { live } = room;
  let mine: LiveRun | null = null;
  const look = () => {
    const { now } = live;
    if (now) {
      // The server may take my lost connection for open a while longer: then it is mine still, under another session.
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
