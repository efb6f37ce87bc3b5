import { useEffect, useState } from "react";
import type { RoomClient } from "../room/RoomClient";

/** The title of the board, renamed by anybody. first: as the page was rendered with. */
export function useTitle(room: RoomClient, first: string): string {
  const [title, setTitle] = useState(first);
  useEffect(() => room.boardUpdated.on((update) => update.title && setTitle(update.title)), [room]);
  return title;
}
