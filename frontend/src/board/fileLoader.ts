import { contentId } from "../api/ids";
import type { BoardFile, UploadedFile } from "../api/types";
import type { RoomClient } from "../room/RoomClient";
import { addFiles, changed, embedFiles, type BoardApi, type Files, type ImageElement, type SceneElement } from "./excalidraw";
import { storable } from "./storable";

type Upload = (fileId: string, bytes: Blob) => Promise<UploadedFile>;

export interface UploadTrouble {
  fileId: string;
  error: unknown;
}

/**
 * Carries pictures between the canvas and the server.
 *
 * A picture that was pasted or dropped is uploaded first; only then does its element travel. Pictures of others are
 * addresses of our own origin: the browser's cache does the rest.
 */
export class FileLoader {
  private readonly onServer = new Set<string>();
  private readonly going = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly stop_listening: () => void;

  constructor(
    private readonly api: BoardApi,
    room: RoomClient,
    private readonly upload: Upload,
    private readonly hooks: {
      uploaded(changes: ReadonlyMap<string, SceneElement>): void;
      failed(trouble: UploadTrouble): void;
      changed(): void;
    },
  ) {
    this.stop_listening = room.filesArrived.on((files) => this.arrived(files));
  }

  stop(): void {
    this.stop_listening();
  }

  /** Pictures drawn here that the server does not have yet. */
  get pendingCount(): number {
    return this.going.size + this.failed.size;
  }

  get failedCount(): number {
    return this.failed.size;
  }

  /** A content name for what somebody pastes, drops or chooses. */
  async nameOf(file: File): Promise<string> {
    const id = await contentId(await file.arrayBuffer());
    // Excalidraw expects the bytes of a picture it already has, not an address.
    if (this.api.getFiles()[id]?.dataURL.startsWith("/")) await embedFiles(this.api);
    return id;
  }

  isReady(element: SceneElement): boolean {
    if (element.type !== "image" || element.isDeleted) return true;
    if (!element.fileId) return false;
    if (this.onServer.has(element.fileId)) return true;
    return element.status === "saved" && !this.api.getFiles()[element.fileId];
  }

  /** To be called on every change: sends what is new. */
  check(elements: readonly SceneElement[], files: Files): void {
    for (const element of elements) {
      if (element.type !== "image" || element.isDeleted || !element.fileId) continue;
      const { fileId } = element;
      if (this.onServer.has(fileId) || this.going.has(fileId) || this.failed.has(fileId) || !files[fileId]) continue;
      void this.send(fileId, files[fileId].dataURL);
    }
  }

  retry(fileId: string): void {
    this.failed.delete(fileId);
    const file = this.api.getFiles()[fileId as keyof Files];
    if (file) void this.send(fileId, file.dataURL);
    this.hooks.changed();
  }

  /** Stops trying; the pictures leave the page. */
  giveUp(fileId: string): void {
    this.failed.delete(fileId);
    this.hooks.uploaded(this.changesOf(fileId, (element) => ({ ...element, isDeleted: true })));
    this.hooks.changed();
  }

  private arrived(files: Record<string, BoardFile>): void {
    const own = Object.entries(files).filter(([, { url }]) => new URL(url, location.href).origin === location.origin);
    for (const [id] of own) this.onServer.add(id);
    if (own.length) addFiles(this.api, Object.fromEntries(own));
  }

  private async send(fileId: string, dataURL: string): Promise<void> {
    this.going.add(fileId);
    this.hooks.changed();
    try {
      const stored = await this.upload(fileId, await storable(dataURL));
      this.onServer.add(stored.file_id);
      this.going.delete(fileId);
      if (stored.file_id !== fileId) addFiles(this.api, { [stored.file_id]: stored });
      const id = stored.file_id as ImageElement["fileId"];
      this.hooks.uploaded(this.changesOf(fileId, (element) => changed(element, { fileId: id, status: "saved" })));
    } catch (error) {
      this.going.delete(fileId);
      this.failed.add(fileId);
      this.hooks.failed({ fileId, error });
    }
    this.hooks.changed();
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
