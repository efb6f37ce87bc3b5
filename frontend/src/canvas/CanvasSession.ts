import type { Api } from "../api/client";
import { ApiError } from "../api/client";
import type { JobStore } from "../generation/jobStore";
import { noteOf } from "../generation/note";
import type { RoomClient } from "../room/RoomClient";
import type { Notices } from "../ui/notices";
import { quarantineText, tombstoneOf, type Quarantine } from "./Quarantine";
import { BackgroundSync } from "./BackgroundSync";
import { boundsOf, bringIntoView, prepareForPictures, type BoardApi, type Files, type SceneElement } from "./excalidraw";
import { FileLoader } from "./fileLoader";
import { Following } from "./Following";
import { openingView } from "./openingView";
import type { PenInput } from "./PenInput";
import { SceneSync } from "./sceneSync";
import { Targeting } from "./Targeting";
import { t } from "../language/t";

const settled_ms = 4_000; // code that is not needed at first waits until the page has settled

/** Pictures that are not on the server yet. */
export interface Uploads {
  pending: number;
  failed: number;
}

/** The scene that the canvas was given last: searched when the canvas crashes. */
export interface LastScene {
  elements: readonly SceneElement[];
  /** Ids of the selected elements. */
  selected: readonly string[];
}

/** What exists before the canvas does and is shared with it. */
export interface CanvasParts {
  room: RoomClient;
  jobs: JobStore;
  notices: Notices;
  /** Elements that are kept from the canvas. */
  quarantine: Quarantine;
  lastScene: LastScene;
}

/** One canvas joined to its room: created when Excalidraw is ready, stopped when it is unmounted. */
export class CanvasSession {
  readonly room: RoomClient;
  readonly sync: SceneSync;
  readonly files: FileLoader;
  private readonly background: BackgroundSync;
  readonly targeting: Targeting;
  readonly following: Following;
  private readonly stops: (() => void)[];
  private pen: PenInput | undefined;
  private opened = false;
  private stopped = false;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly canvas: BoardApi,
    private readonly parts: CanvasParts,
    { upload, paintBoard }: Pick<Api, "upload" | "paintBoard">,
    board: string,
    onUploads: (uploads: Uploads) => void,
  ) {
    const { room, notices, jobs, quarantine } = parts;
    this.room = room;
    this.files = new FileLoader(canvas, room, (id, bytes) => upload(board, id, bytes), {
      uploaded: (fileId, changes) => {
        notices.close(uploadKey(fileId));
        this.sync.replace(changes);
      },
      failed: ({ fileId, error }) => notices.show(uploadNotice(this.files, fileId, error)),
      changed: () => onUploads({ pending: this.files.pendingCount, failed: this.files.failedCount }),
    });
    this.sync = new SceneSync(canvas, room, (element) => this.files.isReady(element), (element, before) => jobs.isOwn(noteOf(element), before && noteOf(before)), quarantine, (elements) => Object.assign(parts.lastScene, { elements }));
    this.targeting = new Targeting(canvas, room, this.sync);
    this.following = new Following(canvas, room);
    this.background = new BackgroundSync(canvas, room, (colour) => paintBoard(board, colour), (error) =>
      notices.show({ key: "background", tone: "problem", text: t("The background was not changed. {reason}", { reason: error instanceof Error ? error.message : String(error) }) }),
      (colour) => this.sync.takesBackground(colour),
    );
    this.stops = [room.statusChanged.on(() => this.open()), quarantine.changed.on(() => this.showQuarantine())];
    if (navigator.maxTouchPoints) void this.watchPen(); // a screen that takes no touch needs none of it
  }

  stop(): void {
    clearTimeout(this.later);
    this.stopped = true;
    this.pen?.stop();
    this.sync.settle();
    this.targeting.stop();
    this.following.end();
    this.background.stop();
    this.files.stop();
    this.sync.stop();
    for (const stop of this.stops) stop();
  }

  /** Called on every change of the canvas. */
  changed(elements: readonly SceneElement[], files: Files, selected: readonly string[]): void {
    Object.assign(this.parts.lastScene, { elements, selected });
    this.files.check(elements, files);
    this.sync.changed();
    this.background.changed();
    this.parts.notices.review();
  }

  private async watchPen(): Promise<void> {
    const { PenInput } = await import("./PenInput");
    if (!this.stopped) this.pen = new PenInput(this.canvas, this.parts.notices);
  }

  private showQuarantine(): void {
    const { notices, quarantine } = this.parts;
    const { elements } = quarantine;
    if (!elements.length) return notices.close("quarantine");
    const remove = () => this.room.offer(elements.map(tombstoneOf));
    const label = elements.length > 1 ? t("Remove them") : t("Remove it");
    notices.show({ key: "quarantine", tone: "problem", text: quarantineText(elements), seconds: null, action: this.room.mayEdit ? { label, run: remove } : undefined });
  }

  /** Shows the first complete scene, once, and brings it into view, or of a wide one on a small screen its first frame. */
  private open(): void {
    if (this.opened || !this.room.synced) return;
    this.opened = true;
    this.sync.apply();
    requestAnimationFrame(() => {
      const elements = this.canvas.getSceneElements() as SceneElement[];
      bringIntoView(this.canvas, openingView(elements, boundsOf(elements), this.canvas.getAppState()), false);
    });
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
    text: t("A picture is not saved. {reason}", { reason }),
    action: again
      ? { label: t("Try again"), run: () => files.retry(fileId) }
      : { label: t("Remove it"), run: () => files.giveUp(fileId) },
  };
}
