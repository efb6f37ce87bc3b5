import type { Api } from "../api/client";
import { ApiError } from "../api/client";
import type { JobStore } from "../generation/jobStore";
import { noteOf } from "../generation/note";
import type { RoomClient } from "../room/RoomClient";
import type { Notices } from "../ui/notices";
import { asideText, tombstoneOf, type Quarantine } from "./Quarantine";
import { BackgroundSync } from "./BackgroundSync";
import { bringIntoView, prepareForPictures, type BoardApi, type Files, type SceneElement } from "./excalidraw";
import { FileLoader } from "./fileLoader";
import { SceneSync } from "./sceneSync";
import { Targeting } from "./Targeting";

const settled_ms = 4_000; // what is not needed at first is loaded after what is

/** Pictures that are not on the server yet. */
export interface Uploads {
  pending: number;
  failed: number;
}

/** What the canvas showed last: where to look when it breaks. */
export interface LastScene {
  elements: readonly SceneElement[];
  /** Ids of what somebody here was working on. */
  inHand: readonly string[];
}

/** What exists before the canvas does, and is handed to its session. */
export interface CanvasParts {
  room: RoomClient;
  jobs: JobStore;
  notices: Notices;
  /** What would break the canvas. */
  aside: Quarantine;
  last: LastScene;
}

/** Everything that lives as long as one canvas: made when Excalidraw is ready, ended with it. */
export class CanvasSession {
  readonly room: RoomClient;
  readonly sync: SceneSync;
  readonly files: FileLoader;
  private readonly backdrop: BackgroundSync;
  readonly targeting: Targeting;
  private readonly stops: (() => void)[];
  private opened = false;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly canvas: BoardApi,
    private readonly parts: CanvasParts,
    { upload, paintBoard }: Pick<Api, "upload" | "paintBoard">,
    board: string,
    onUploads: (uploads: Uploads) => void,
  ) {
    const { room, notices, jobs, aside } = parts;
    this.room = room;
    this.files = new FileLoader(canvas, room, (id, bytes) => upload(board, id, bytes), {
      uploaded: (fileId, changes) => {
        notices.close(uploadKey(fileId));
        this.sync.replace(changes);
      },
      failed: ({ fileId, error }) => notices.show(uploadNotice(this.files, fileId, error)),
      changed: () => onUploads({ pending: this.files.pendingCount, failed: this.files.failedCount }),
    });
    this.sync = new SceneSync(canvas, room, (element) => this.files.isReady(element), (element) => jobs.isOwn(noteOf(element)), aside, (elements) => Object.assign(parts.last, { elements }));
    this.targeting = new Targeting(canvas, room, this.sync);
    this.backdrop = new BackgroundSync(canvas, room, (colour) => paintBoard(board, colour), (error) =>
      notices.show({ key: "background", tone: "problem", text: `The background was put back. ${error instanceof Error ? error.message : String(error)}` }),
    );
    this.stops = [room.statusChanged.on(() => this.open()), aside.changed.on(() => this.sayAside())];
  }

  stop(): void {
    clearTimeout(this.later);
    this.sync.settle();
    this.targeting.stop();
    this.backdrop.stop();
    this.files.stop();
    this.sync.stop();
    for (const stop of this.stops) stop();
  }

  /** To be called on every change of the canvas. */
  changed(elements: readonly SceneElement[], files: Files, inHand: readonly string[]): void {
    Object.assign(this.parts.last, { elements, inHand });
    this.files.check(elements, files);
    this.sync.changed();
    this.backdrop.changed();
  }

  private sayAside(): void {
    const { notices, aside } = this.parts;
    const { elements } = aside;
    if (!elements.length) return notices.close("aside");
    const remove = () => this.room.offer(elements.map(tombstoneOf));
    const label = elements.length > 1 ? "Remove them" : "Remove it";
    notices.show({ key: "aside", tone: "problem", text: asideText(elements), seconds: null, action: this.room.mayEdit ? { label, run: remove } : undefined });
  }

  /** Once: shows the first complete scene, as a whole. */
  private open(): void {
    if (this.opened || !this.room.synced) return;
    this.opened = true;
    this.sync.apply();
    requestAnimationFrame(() => bringIntoView(this.canvas, this.canvas.getSceneElements() as SceneElement[], false));
    this.later = setTimeout(() => void prepareForPictures(), settled_ms);
  }
}

const uploadKey = (fileId: string) => `upload-${fileId}`;

function uploadNotice(files: FileLoader, fileId: string, error: unknown) {
  const again = !(error instanceof ApiError) || error.retryable;
  const reason = error instanceof Error ? error.message : String(error);
  return {
    key: uploadKey(fileId),
    tone: "problem" as const,
    text: `A picture is not saved. ${reason}`,
    action: again
      ? { label: "Try again", run: () => files.retry(fileId) }
      : { label: "Remove it", run: () => files.giveUp(fileId) },
  };
}
