import { ApiError } from "../api/client";
import { contentId } from "../api/ids";
import type { BoardFile, UploadedFile } from "../api/types";
import type { RoomClient } from "../room/RoomClient";
import { addFiles, addPictures, changed, embedFiles, fileOf, type BoardApi, type Files, type ImageElement, type SceneElement } from "./excalidraw";

/** fileId: the id to store it under; null: the server names it by its content. */
type Upload = (fileId: string | null, bytes: Blob) => Promise<UploadedFile>;

export interface UploadTrouble {
  fileId: string;
  error: unknown;
}

const tries_in_silence = 3;
const first_wait_ms = 1_000;
const longest_wait_ms = 30_000;
const uploads_at_once = 2; // more of one person would wait at the server

/**
 * Uploads the pictures of this canvas and loads those of others.
 *
 * The element of a pasted or dropped picture is sent only after its upload. Until then its bytes are stored on this device,
 * and the upload is tried again whenever there is a connection. Pictures of others are URLs of our own origin, which the
 * browser caches.
 */
export class FileLoader {
  private readonly onServer = new Set<string>();
  /** Ids of files to upload: offline, in the queue, or to be tried again. */
  private readonly waiting = new Set<string>();
  private readonly uploading = new Set<string>();
  /** Of those that wait: ids whose next try is delayed. */
  private readonly delayed = new Set<string>();
  /** Failed uploads by id; true if they are tried again after a reconnect. */
  private readonly failed = new Map<string, boolean>();
  private readonly tries = new Map<string, number>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private readonly stops: (() => void)[];
  private wasOpen = false;

  constructor(
    private readonly api: BoardApi,
    private readonly room: RoomClient,
    private readonly upload: Upload,
    private readonly hooks: {
      uploaded(fileId: string, changes: ReadonlyMap<string, SceneElement>): void;
      failed(trouble: UploadTrouble): void;
      changed(): void;
    },
  ) {
    this.stops = [
      room.filesArrived.on((files) => this.arrived(files)),
      room.picturesFound.on((pictures) => addPictures(this.api, pictures)),
      room.statusChanged.on(() => this.statusChanged()),
    ];
  }

  stop(): void {
    for (const stop of this.stops) stop();
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** Pictures drawn here that the server does not have yet. */
  get pendingCount(): number {
    return this.waiting.size + this.uploading.size + this.failed.size;
  }

  get failedCount(): number {
    return this.failed.size;
  }

  /** The id for a file that is pasted, dropped or chosen: a hash of its content. */
  async nameOf(file: File): Promise<string> {
    const id = await contentId(await file.arrayBuffer());
    // Excalidraw expects the bytes of a picture it already has, not an address.
    if (fileOf(this.api.getFiles(), id)?.dataURL.startsWith("/")) await embedFiles(this.api);
    return id;
  }

  isReady(element: SceneElement): boolean {
    if (element.type !== "image" || element.isDeleted) return true;
    if (!element.fileId) return false;
    if (this.onServer.has(element.fileId)) return true;
    return element.status === "saved" && !fileOf(this.api.getFiles(), element.fileId);
  }

  /** Called on every change: stores and uploads new pictures. */
  check(elements: readonly SceneElement[], files: Files): void {
    for (const element of elements) {
      if (element.type !== "image" || element.isDeleted || !element.fileId) continue;
      const file = fileOf(files, element.fileId);
      if (!file || this.isKnown(element.fileId)) continue;
      this.waiting.add(element.fileId);
      this.room.storePicture({ id: element.fileId, mimeType: file.mimeType, dataURL: file.dataURL });
      this.hooks.changed();
      void this.send(element.fileId);
    }
  }

  retry(fileId: string): void {
    this.failed.delete(fileId);
    this.waiting.add(fileId);
    void this.send(fileId);
  }

  /** Gives up an upload; the elements that show the picture are deleted. */
  giveUp(fileId: string): void {
    this.failed.delete(fileId);
    this.room.dropPicture(fileId);
    this.hooks.uploaded(fileId, this.changesOf(fileId, (element) => ({ ...element, isDeleted: true })));
    this.hooks.changed();
  }

  private isKnown(fileId: string): boolean {
    return [this.onServer, this.waiting, this.uploading, this.failed].some((state) => state.has(fileId));
  }

  private statusChanged(): void {
    const isOpen = this.room.status === "open";
    if (isOpen && !this.wasOpen) {
      for (const [fileId, again] of [...this.failed]) if (again) this.retry(fileId);
      for (const fileId of [...this.waiting]) void this.send(fileId);
    }
    this.wasOpen = isOpen;
  }

  private arrived(files: Record<string, BoardFile>): void {
    const own = Object.entries(files).filter(([, { url }]) => new URL(url, location.href).origin === location.origin);
    for (const [id] of own) this.onServer.add(id);
    if (own.length) addFiles(this.api, Object.fromEntries(own));
  }

  private async send(fileId: string): Promise<void> {
    const file = fileOf(this.api.getFiles(), fileId);
    if (!file || this.room.status !== "open" || this.uploading.size >= uploads_at_once || !this.waiting.delete(fileId)) return;
    this.uploading.add(fileId);
    this.hooks.changed();
    try {
      const { storable } = await import("./storable");
      const { bytes, redrawn } = await storable(file.dataURL, this.room.limits.max_file_bytes);
      this.stored(fileId, await this.upload(redrawn ? null : fileId, bytes));
    } catch (error) {
      this.uploading.delete(fileId);
      this.failure(fileId, error);
    }
    this.hooks.changed();
    for (const next of [...this.waiting]) if (!this.delayed.has(next)) void this.send(next);
  }

  private stored(fileId: string, stored: UploadedFile): void {
    this.onServer.add(stored.file_id);
    this.uploading.delete(fileId);
    this.tries.delete(fileId);
    this.room.dropPicture(fileId);
    if (stored.file_id !== fileId) addFiles(this.api, { [stored.file_id]: stored });
    const id = stored.file_id as ImageElement["fileId"];
    this.hooks.uploaded(fileId, this.changesOf(fileId, (element) => changed(element, { fileId: id, status: "saved" })));
  }

  /** Tries again later where that may help, without a notice at first; a refusal is reported at once. */
  private failure(fileId: string, error: unknown): void {
    const again = error instanceof ApiError && error.retryable;
    const tries = (this.tries.get(fileId) ?? 0) + 1;
    if (!again || (tries >= tries_in_silence && this.room.status === "open")) {
      this.tries.delete(fileId);
      this.failed.set(fileId, again);
      this.hooks.failed({ fileId, error });
      return;
    }
    this.tries.set(fileId, tries);
    this.waiting.add(fileId);
    this.delayed.add(fileId);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.delayed.delete(fileId);
      void this.send(fileId);
    }, Math.min(first_wait_ms * 2 ** (tries - 1), longest_wait_ms));
    this.timers.add(timer);
  }

  private changesOf(fileId: string, change: (element: ImageElement) => ImageElement): Map<string, SceneElement> {
    const changes = new Map<string, SceneElement>();
    for (const element of this.api.getSceneElementsIncludingDeleted()) {
      if (element.type === "image" && element.fileId === fileId) {
        changes.set(element.id, change(element as ImageElement) as SceneElement);
      }
    }
    return changes;
  }
}
