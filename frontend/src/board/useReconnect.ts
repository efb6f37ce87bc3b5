import { useEffect } from "react";
import type { RoomClient } from "../room/RoomClient";

/** Looks after the connection at once when the browser goes on- or offline and when the page is visible again. */
export function useReconnect(room: RoomClient): void {
  useEffect(() => {
    const back = () => void (document.hidden || room.reconnectNow());
    window.addEventListener("online", back);
    window.addEventListener("offline", back); // a server on this machine may still answer
    document.addEventListener("visibilitychange", back);
    return () => {
      window.removeEventListener("offline", back);
      window.removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [room]);
}
