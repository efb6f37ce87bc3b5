import { useEffect, useState } from "react";
import type { RoomClient } from "../room/RoomClient";

/** True once a frame of this board has been live since the page was opened; the code that shows it is loaded then. */
export function useLiveSeen({ live }: RoomClient): boolean {
  const [seen, setSeen] = useState(live.now !== null);
  useEffect(() => live.changed.on(() => live.now && setSeen(true)), [live]);
  return seen;
}
