import { useEffect } from "react";
import type { RoomClient } from "../room/RoomClient";

/** Reconnects without waiting when the browser is online again or the page is visible again. */
export function useReconnect(room: RoomClient): void {
  useEffect(() => {
    const back = () => void (document.hidden || room.reconnectNow());
    window.addEventListener("online", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      window.removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [room]);
}
