import type { CanvasSession } from "../canvas/CanvasSession";
import type { BoardApi } from "../canvas/excalidraw";

/** For end-to-end tests and nothing else: what the canvas and the room hold. To be read only. */
export interface TestHook {
  /** Excalidraw's own API: getSceneElements(), getAppState(), getFiles() … */
  api: BoardApi;
  room: {
    readonly line: string;
    readonly clock: number | null;
    readonly session: string;
    readonly role: string;
    /** Elements not confirmed by the server, sent or not. */
    readonly pending: number;
    readonly unsent: number;
    /** Pushes without their acknowledgement. */
    readonly unacknowledged: number;
    /** Elements that arrived and are not on the canvas yet. */
    readonly inbox: number;
    readonly people: { id: string; name: string }[];
  };
}

declare global {
  interface Window {
    __atelier?: TestHook;
  }
}

/** Sets window.__atelier; returns a function that removes it. */
export function exposeForTests({ canvas, room }: CanvasSession): () => void {
  window.__atelier = {
    api: canvas,
    room: {
      get line() { return room.status; },
      get clock() { return room.clock; },
      get session() { return room.session; },
      get role() { return room.you.role; },
      get pending() { return room.pendingCount; },
      get unsent() { return room.unsentCount; },
      get unacknowledged() { return room.unacknowledgedCount; },
      get inbox() { return room.inbox.size; },
      get people() { return [...room.people.all.values()].map(({ id, name }) => ({ id, name })); },
    },
  };
  return () => void delete window.__atelier;
}
