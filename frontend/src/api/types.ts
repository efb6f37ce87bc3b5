/** Short names for what the HTTP API speaks (schema.ts, written by `make schemas`), and what only the page knows. */
import type { components } from "./schema";

export type Schemas = components["schemas"];

export type Checkpoint = Schemas["CheckpointDescription"];
export type KindOfCheckpoint = Schemas["KindDescription"];
export type Sees = KindOfCheckpoint["sees"];
/** Name of a kind of picture, as the checkpoints list them. */
export type Kind = string;
export type Style = Schemas["StyleDescription"];
export type Params = Schemas["ParamsDescription"];
/** Params that are numbers with a default and limits. */
export type NumberParam = "strength" | "guidance_scale" | "image_guidance_scale" | "steps" | "count" | "width_px" | "height_px";

/** preview_url: a rough picture of the last step, which only the socket sends. */
export type Job = Schemas["JobDescription"] & { preview_url?: string | null };
export type JobImage = Schemas["ImageDescription"];
export type Standing = NonNullable<JobImage["standing"]>;
export type Region = Schemas["RegionDescription"];

/** A picture of the board, as the socket sends it. */
export type BoardFile = Omit<Schemas["UploadedFile"], "file_id" | "size_bytes">;
export type UploadedFile = Schemas["UploadedFile"];
export type Imported = Schemas["ImportResult"];

export type ShareLink = Schemas["LinkDescription"];
/** One that was just made: it can be shown. */
export type NewShareLink = ShareLink & { url: string };
export type NewLink = Partial<Schemas["NewLink"]>;

export type FieldError = Schemas["FieldProblem"];
export type Problem = Schemas["Problem"];
