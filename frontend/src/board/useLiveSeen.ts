import { useEffect, useState } from "react";
import type { RoomClient } from "../room/RoomClient";

/** Whether a frame of this board has been live since the page was opened: what shows it is not loaded before. */
export function useLiveSeen({ live }: RoomClient): boolean {
  const [seen, setSeen] = useState(live.now !== null);
  useEffect(() => live.changed.on(() => live.now && setSeen(true)), [live]);
  return seen;
}
