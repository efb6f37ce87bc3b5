import type { BoardFile, Job, Params } from "../api/types";

/** Every message of the socket `board.v1`, as the page sees it. */

/** An element as it travels: what the merge needs, and whatever else its type has. */
export interface WireElement {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly versionNonce: number;
  readonly index: string;
  readonly isDeleted?: boolean;
  readonly [field: string]: unknown;
}

export type Role = "owner" | "edit" | "comment" | "view";
export type Idle = "active" | "idle" | "away";

export interface Pointer {
  x: number;
  y: number;
  tool: "pointer" | "laser";
}

export interface Presence {
  pointer?: Pointer;
  button?: "up" | "down";
  selected?: string[];
  idle?: Idle;
}

export interface Collaborator extends Presence {
  id: string;
  name: string;
  color?: string;
}

export interface You {
  id: string;
  name: string;
  role: Role;
  color?: string;
}

export interface Limits {
  max_elements_per_push: number;
  max_push_bytes: number;
  max_live_elements: number;
  max_file_bytes: number;
  prompt_max: number;
}

export interface Refusal {
  id: string;
  code: string;
  message: string;
}

/** The frame that is redrawn while somebody draws. run: its number, on every frame and picture. */
export interface Live {
  run: number;
  frame: string;
  host: { id: string; session: string; name: string; color?: string };
  params: Params;
}

export interface LiveNews {
  type: "live";
  live: Live | null;
  /** Why it ended. */
  reason?: "stopped" | "host_left" | "no_worker" | "no_answer" | "failed" | "refused";
  by?: string;
  message?: string;
}

export interface Welcome {
  type: "welcome";
  protocol?: number;
  session: string;
  you: You;
  clock: number;
  elements: WireElement[];
  files: Record<string, BoardFile>;
  collaborators: Record<string, Collaborator>;
  jobs: Job[];
  live?: Live | null;
  limits?: Partial<Limits>;
  more?: boolean;
  /** The colour behind the scene. */
  background?: string;
  /** The elements are the whole scene, not what changed since our clock. */
  complete?: boolean;
}

export interface Progress {
  type: "progress";
  job: string;
  step: number;
  steps: number;
  preview_url?: string | null;
}

export interface BoardNews {
  type: "board";
  title?: string;
  frozen?: boolean;
  background?: string;
  role?: Role;
}

export interface Trouble {
  type: "error";
  ref?: string;
  code: string;
  message: string;
  retry_after_seconds?: number;
}

export type FromServer =
  | Welcome
  | { type: "patch"; clock: number; elements: WireElement[] }
  | { type: "synced"; clock: number }
  | { type: "ack"; ref: string; clock: number; refused?: Refusal[] }
  | { type: "presence"; users: Record<string, Collaborator | null> }
  | { type: "file"; files: Record<string, BoardFile> }
  | { type: "job"; job: Job }
  | LiveNews
  | Progress
  | BoardNews
  | Trouble
  | { type: "resync" }
  | { type: "pong"; id?: string };

export const default_limits: Limits = {
  max_elements_per_push: 500,
  max_push_bytes: 262_144,
  max_live_elements: 20_000,
  max_file_bytes: 10_485_760,
  prompt_max: 1000,
};
