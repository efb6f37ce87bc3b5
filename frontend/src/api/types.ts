/** What the HTTP API speaks, as far as the board page uses it. Names are the wire's names. */

/** Name of a kind of picture, as the checkpoints list them. */
export type Kind = string;

/** What a model of a kind is given: the prompt alone, the drawing, the pictures with a mask, or one picture as it is stored. */
export type Sees = "nothing" | "sketch" | "pictures_and_mask" | "file";

export interface Params {
  kind: Kind;
  prompt: string;
  negative_prompt?: string;
  strength?: number;
  guidance_scale?: number;
  image_guidance_scale?: number;
  steps?: number;
  /** null: the server draws one. */
  seed?: number | null;
  count?: number;
  width_px?: number;
  height_px?: number;
  checkpoint?: string | null;
  /** Name of one of the checkpoint's styles. */
  style?: string | null;
  /** Few steps, for a first look. */
  draft?: boolean;
  /** The sketch's lines over the picture; null where this kind has no such choice. */
  keep_lines?: boolean | null;
}

export type NumberParam = "strength" | "guidance_scale" | "image_guidance_scale" | "steps" | "count" | "width_px" | "height_px";

export interface KindOfCheckpoint {
  title: string;
  /** One sentence on what it does. */
  hint: string;
  sees: Sees;
  /** The prompt says what should change, not what the picture shows. */
  instructs: boolean;
  /** False if the prompt may be left empty. */
  needs_prompt: boolean;
  defaults: Partial<Record<NumberParam, number>>;
  /** [smallest, largest] by param. */
  limits: Partial<Record<NumberParam | "seed", [number, number]>>;
  /** Params that this checkpoint heeds; others are not worth showing. */
  uses: string[];
  /** Steps of a draft; absent where this kind makes none. */
  draft_steps?: number | null;
  /** Whether the sketch's lines are laid over the picture unless one says otherwise; absent: never. */
  keeps_lines?: boolean | null;
}

/** Words that make a look; the server adds them to the prompt. */
export interface Style {
  name: string;
  title: string;
  /** Two CSS colours for its tile. */
  colours: [string, string];
}

export interface Checkpoint {
  name: string;
  title: string;
  description: string;
  /** By name, in the order in which they are offered. */
  kinds: Record<Kind, KindOfCheckpoint>;
  default_kind: Kind;
  /** The kind in which it redraws a frame while somebody draws; null: it is too slow for that. */
  live_kind?: Kind | null;
  styles?: Style[];
  licence: string;
  status: "ready" | "loading" | "failed";
  reason?: string | null;
  bundled: boolean;
  default: boolean;
}

export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

/** Scene coordinates, CSS pixels at zoom 1. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Of a picture: on the board (or once there), to be chosen from, put away for later, out of sight. null: it has no place. */
export type Standing = "placed" | "candidate" | "kept" | "discarded";

export interface JobImage {
  id: string;
  url: string;
  width_px: number;
  height_px: number;
  seed: number;
  element_id: string | null;
  standing?: Standing | null;
}

export interface Job {
  id: string;
  kind: Kind;
  status: JobStatus;
  params: Params;
  /** Jobs ahead, plus one; null once it runs. */
  position: number | null;
  eta_seconds: number | null;
  step: number | null;
  steps: number | null;
  error: { code: string; message: string; retryable: boolean } | null;
  images: JobImage[];
  created_by: { id: string; name: string; color?: string } | null;
  created_at: string;
  cancel_requested?: boolean;
  /** The job that this one tries again. */
  retry_of?: string | null;
  /** Rough picture of the last step, for those who join late. */
  preview_url?: string | null;
  frame?: string | null;
  region?: Region | null;
  placement?: "beside" | "inside" | "stage" | null;
  /** What the model saw; null for words alone. */
  snapshot_url?: string | null;
}

export interface BoardFile {
  url: string;
  mime_type: string;
  width_px: number;
  height_px: number;
}

export interface UploadedFile extends BoardFile {
  file_id: string;
  size_bytes: number;
}

/** What became of a file that was brought to the board. */
export interface Imported {
  clock: number;
  kind: "scene" | "library";
  /** Items of a library. */
  items: number | null;
  added: number;
  updated: number;
  /** Deleted on this board since, and brought back. */
  revived: number;
  /** Deleted on this board since, and left so, as was asked for. */
  deleted: number;
  unchanged: number;
  added_ids: string[];
  updated_ids: string[];
  revived_ids: string[];
  /** What did not come. */
  refused: { id: string; code: string; message: string }[];
  /** What came otherwise than it stood in the file. */
  notes: { code: string; count: number; message: string }[];
}

export type LinkRole = "view" | "comment" | "edit";

export interface ShareLink {
  id: string;
  url: string;
  role: LinkRole;
}

export interface FieldError {
  field: string;
  message: string;
}
