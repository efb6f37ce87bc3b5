import { createCall } from "./client";
import type { Schemas } from "./types";

export type Version = Schemas["VersionDescription"];
export type VersionPage = Schemas["VersionPage"];
export type VersionScene = Schemas["SceneDocument"];
export type Restored = Schemas["Restored"];

export interface VersionsApi {
  list(cursor: string | null): Promise<VersionPage>;
  /** Its pictures are addresses on our own origin. */
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
