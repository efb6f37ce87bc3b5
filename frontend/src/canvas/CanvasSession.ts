import type { Api } from "../api/client";
import { ApiError } from "../api/client";
import { uuid } from "../api/ids";
import { JobStore } from "../generation/jobStore";
import { noteOf } from "../generation/note";
import { Journal } from "../room/Journal";
import { LocalDatabase } from "../room/LocalDatabase";
import { RoomClient } from "../room/RoomClient";
import { Notices } from "../ui/notices";
import { asideText, tombstoneOf, type Quarantine } from "./Quarantine";
import { BackgroundSync } from "./BackgroundSync";
import { socketUrl, type BoardConfig } from "./config";
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
    private readonly parts: Parts,
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

const refusals = new Map(Object.entries({
  element_too_big: "One element is too big to be kept, and was put back. A very long stroke does better in parts.",
  board_full: "This board is full. Delete something before you add more.",
  frozen: "This board is frozen: your last change was put back.",
  forbidden: "You can view this board, not change it. Your last change was put back.",
}));

function refusalText(code: string, message: string): string {
  return refusals.get(code) ?? `A change could not be kept, and was put back. (${message})`;
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

export interface Parts {
  room: RoomClient;
  jobs: JobStore;
  notices: Notices;
  /** What would break the canvas. */
  aside: Quarantine;
  last: LastScene;
}

const guest = "guest"; // one browser is one guest at a time; who signs in takes their changes along

/** What is there before the canvas is: the room, the jobs, the notices, wired to each other. */
export function assemble(config: BoardConfig, aside: Quarantine, last: LastScene): Parts {
  const queue = uuid().slice(0, 8);
  const room = new RoomClient({
    url: socketUrl(config.socket),
    you: config.you,
    queue: `${queue}.`,
    journal: new Journal(new LocalDatabase(indexedDB), {
      board: config.board.id,
      person: config.you.guest ? guest : config.you.id,
      formerly: guest,
      queue,
      locks: navigator.locks as LockManager | undefined,
    }),
  });
  const jobs = new JobStore();
  const notices = new Notices();
  room.jobsArrived.on((arrived, all) => jobs.apply(arrived, all));
  room.progressed.on(({ job, step, steps, preview_url }) => jobs.progress(job, step, steps, preview_url));
  room.refused.on(({ code, message }) =>
    notices.show({ key: `refused-${code}`, tone: "problem", text: refusalText(code, message) }),
  );
  room.troubled.on(({ code, message }) => notices.show({ key: `trouble-${code}`, tone: "problem", text: message }));
  let frozen = false;
  room.boardNews.on((news) => {
    if (news.title) document.title = `${news.title} – Atelier`;
    if (news.frozen !== undefined && news.frozen !== frozen) notices.show({ key: "frozen", text: news.frozen ? "This board was frozen: it can be looked at, not changed." : "This board is open again." });
    frozen = news.frozen ?? frozen;
  });
  return { room, jobs, notices, aside, last };
}
