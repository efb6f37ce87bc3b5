/** The messages of the socket board.v1. Written by `make schemas` from the structs in boards/wire: change those. */

import type { BoardFile, Job, Params } from "../api/types";
import type { WireElement } from "./protocol";

/** The answer to `hello`. `complete`: start over with these elements and this clock, also where they are older than what you saw: that was taken back; otherwise they are what changed since your clock. `more: true`: `patch` messages follow, then `synced`. `background`: the colour behind the scene. Running jobs have a `preview_url` besides: the newest preview. `frozen`: a moderator stopped all changes. */
export interface Welcome {
  type: "welcome";
  protocol: number;
  session: string;
  you: You;
  frozen: boolean;
  clock: number;
  complete: boolean;
  more: boolean;
  background: string;
  limits: Limits;
  live: LiveRun | null;
  files: {
    [key: string]: BoardFile;
  };
  collaborators: {
    [key: string]: Collaborator;
  };
  jobs: Job[];
  elements: WireElement[];
}

/** The person that a room session belongs to, and what they may do on the board. */
export interface You {
  id: string;
  name: string;
  color: string;
  role: Role;
}

/** How much a client may send. */
export interface Limits {
  max_elements_per_push: number;
  max_push_bytes: number;
  max_live_elements: number;
  max_file_bytes: number;
  prompt_max: number;
}

/** The frame that is redrawn while somebody draws. `run`: its number, on every live frame and picture. */
export interface LiveRun {
  run: number;
  frame: string;
  host: LiveHost;
  params: Params;
}

/** The person who switched live redraw on, and the room session that sends the live frames. */
export interface LiveHost {
  id: string;
  name: string;
  color: string;
  session: string;
}

/** A person on the board, with what their page last sent in `presence`. */
export interface Collaborator {
  id: string;
  name: string;
  color: string;
  pointer?: CollaboratorPointer;
  button?: "down" | "up";
  selected?: string[];
  viewport?: number[];
  idle?: "active" | "away" | "idle";
}

/** Where the pointer of another person is, in scene coordinates. */
export interface CollaboratorPointer {
  x: number;
  y: number;
  tool: "laser" | "pointer";
}

/** Changed elements, merged over one tick. What you pushed yourself is left out, unless the server gave it another `index` (then its version is higher than yours) or you asked for `deflate`. */
export interface Patch {
  type: "patch";
  clock: number;
  elements: WireElement[];
}

/** The scene is complete as of this clock: the last `patch` after a welcome with `more` has been sent. */
export interface Synced {
  type: "synced";
  clock: number;
}

/** The push `ref` is committed: what is not refused survives any crash. */
export interface Ack {
  type: "ack";
  ref: string;
  clock: number;
  refused: Refusal[];
}

/** Why an element of a push is not stored. `id`: of the element; empty where it has none. */
export interface Refusal {
  id: string;
  code: string;
  message: string;
}

/** What changed about people, by room session; null: left. Your own session may be among them. */
export interface PresenceUpdate {
  type: "presence";
  users: {
    [key: string]: Collaborator | null;
  };
}

/** New files of the board, by `file_id`. */
export interface FilesAdded {
  type: "file";
  files: {
    [key: string]: BoardFile;
  };
}

/** A job changed, or has a new picture: all of it, as the HTTP API describes it. An image's `standing`: `placed`, or, of pictures to choose from (`placement: "stage"`), `candidate`, `kept`, `discarded`. */
export interface JobUpdate {
  type: "job";
  job: Job;
}

/** How far a running job is. Lossy: slow clients do not get all of them. `preview_url`: a data URL, or null when there is no new preview. */
export interface Progress {
  type: "progress";
  job: string;
  step: number;
  steps: number;
  preview_url: string | null;
}

/** Live redraw began, changed its params, or ended: then `live` is null, with the `reason` and perhaps `by` (a name) or `message`. */
export interface LiveUpdate {
  type: "live";
  live: LiveRun | null;
  reason?: "failed" | "host_left" | "no_answer" | "no_worker" | "refused" | "stopped";
  by?: string;
  message?: string;
}

/** Something about the board changed. `role`: yours. `background`: the colour behind the scene, which those who may edit set by `PATCH /api/v1/boards/{board}`. */
export interface BoardUpdate {
  type: "board";
  title: string;
  frozen: boolean;
  background: string;
  role: Role;
}

/** A message was refused; the socket lives. `ref`: its `id`, if it had one. `scope_required`: the key lacks a scope. `overloaded`: Postgres has been away for long; keep the push `ref` and send it again. */
export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
  ref?: string;
  retry_after_seconds?: number;
}

/** Start over: `hello` with your clock. */
export interface Resync {
  type: "resync";
}

/** The answer to `ping`, with its `id`. */
export interface Pong {
  type: "pong";
  id: string | number | null;
}

/** The first message, within 5 s. `protocol`: 1. `clock`: the last one seen. `token`: an API key, or the token of a share link. `name`: for link tokens. `deflate`: send deflated frames too (see below). */
export interface Hello {
  type: "hello";
  protocol: number;
  token?: string | null;
  clock?: number | null;
  name?: string | null;
  deflate?: boolean;
}

/** New and changed elements: at most 500, the whole message at most 256 KiB. The answer is `ack` or `error`. */
export interface Push {
  type: "push";
  id: string;
  elements: WireElement[];
}

/** What others see of this person. The newest wins. `selected`: ids of elements. `viewport`: [x1, y1, x2, y2]. */
export interface Presence {
  type: "presence";
  pointer?: Pointer | null;
  button?: ("down" | "up") | null;
  selected?: string[] | null;
  viewport?: number[] | null;
  idle?: ("active" | "away" | "idle") | null;
}

/** Where a pointer is, in scene coordinates. */
export interface Pointer {
  x: number;
  y: number;
  tool?: "laser" | "pointer";
}

/** Ask for pictures of a `frame` (the id of a frame or picture) or a `region`. Kinds that need the board's picture get it drawn by the server, as of the last `ack`. `view`: what you see; a free place in it is preferred. The answer is `job` or `error`. */
export interface Generate {
  type: "generate";
  id: string;
  params: Params;
  frame?: string | null;
  region?: Region | null;
  placement?: ("beside" | "in_place" | "inside" | "stage") | null;
  view?: Region | null;
}

/** A rectangle of the scene, in scene coordinates. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Take back a job. The answer is `job` or `error`. */
export interface Cancel {
  type: "cancel";
  id: string;
  job: string;
}

/** Redraw this `frame` while somebody draws. From the host again with the same frame: with these `params` from now on. The answer is `live` or `error`. */
export interface LiveStart {
  type: "live.start";
  id: string;
  params: Params;
  frame: string;
}

/** Stop redrawing. `frame`: only if it is this one. */
export interface LiveStop {
  type: "live.stop";
  id?: string | null;
  frame?: string | null;
}

/** Answered by `pong` with the same `id`. */
export interface Ping {
  type: "ping";
  id?: string | number | null;
}

/** What a person may do on the board, weakest first. */
export type Role = "view" | "comment" | "edit" | "owner";

export type ServerMessage = Welcome | Patch | Synced | Ack | PresenceUpdate | FilesAdded | JobUpdate | Progress | LiveUpdate | BoardUpdate | ErrorMessage | Resync | Pong;

export type ClientMessage = Hello | Push | Presence | Generate | Cancel | LiveStart | LiveStop | Ping;
