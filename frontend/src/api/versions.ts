import { createCall } from "./client";

export interface VersionPerson {
  id: string;
  name: string;
}

/** A moment of the board's history. Automatic ones have no name, and become fewer with age. */
export interface Version {
  id: string;
  clock: number;
  name: string;
  automatic: boolean;
  created_by: VersionPerson | null;
  created_at: string;
  /** Who changed something since the version before. */
  people: VersionPerson[];
  /** Made right before somebody went back to that version. */
  before_restore_of: string | null;
}

export interface VersionPage {
  items: Version[];
  /** Cursor of the older ones. */
  next: string | null;
}

/** An .excalidraw document whose pictures are addresses on our own origin. */
export interface VersionScene {
  elements: readonly object[];
  files: Record<string, { dataURL: string; mimeType: string }>;
  appState?: { viewBackgroundColor?: string };
}

export interface Restored {
  clock: number;
  changed: number;
  /** What to restore to undo it; null when nothing changed. */
  before: Version | null;
}

export interface VersionsApi {
  list(cursor: string | null): Promise<VersionPage>;
  scene(version: string): Promise<VersionScene>;
  thumbnail(version: string): string;
  /** key: one per press of the button, so that a repeated request makes one version. */
  name(name: string, key: string): Promise<Version>;
  rename(version: string, name: string): Promise<Version>;
  restore(version: string, key: string): Promise<Restored>;
}

/** The history of one board. base: where the API lies. */
export function createVersionsApi(base: string, board: string, fetcher?: typeof fetch): VersionsApi {
  const path = `/boards/${board}/versions`;
  const call = createCall(base, fetcher);
  return {
    list: (cursor) => call("GET", `${path}?limit=30${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
    scene: (version) => call("GET", `${path}/${version}/scene?pictures=linked`),
    thumbnail: (version) => `${base}${path}/${version}/thumbnail.png`,
    name: (name, key) => call("POST", path, { name }, { "Idempotency-Key": key }),
    rename: (version, name) => call("PATCH", `${path}/${version}`, { name }),
    restore: (version, key) => call("POST", `${path}/${version}/restore`, undefined, { "Idempotency-Key": key }),
  };
}
