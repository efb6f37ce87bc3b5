// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import { RoomClient } from "../room/RoomClient";
import { StubSocket } from "../test/StubSocket";
import { element, welcome } from "../test/wire";
import { addFiles, type BoardApi, type Files, type SceneElement } from "./excalidraw";
import { FileLoader, type UploadTrouble } from "./fileLoader";

vi.mock("./excalidraw", () => ({
  addFiles: vi.fn(),
  addPictures: (api: { files: Record<string, unknown> }, pictures: { id: string }[]) => {
    for (const picture of pictures) api.files[picture.id] = picture;
  },
  changed: (element: object, changes: object) => ({ ...element, ...changes }),
  embedFiles: vi.fn(),
  fileOf: (files: Record<string, unknown>, id: string) => (Object.hasOwn(files, id) ? files[id] : undefined),
}));
vi.mock("./storable", () => ({
  storable: (dataURL: string) => Promise.resolve({ bytes: new Blob([dataURL]), redrawn: dataURL.startsWith("data:image/svg") }),
}));

const offline = new ApiError(0, "offline", "The server could not be reached.");
const tooBig = new ApiError(413, "file_too_big", "This picture is too big.");
const picture = { id: "f1", mimeType: "image/png", dataURL: "data:image/png;base64,AAAA" };

let room: RoomClient;
let loader: FileLoader;
let upload: ReturnType<typeof vi.fn<(fileId: string | null, bytes: Blob) => Promise<never>>>;
let uploaded: string[];
let troubles: UploadTrouble[];
const files: Record<string, unknown> = {};
const shown = [element("p", { type: "image", fileId: "f1" })] as unknown as SceneElement[];
const kept = { file_id: "f1", url: "/f1", mime_type: "image/png" } as never;

beforeEach(() => {
  vi.useFakeTimers();
  StubSocket.made.length = 0;
  for (const id of Object.keys(files)) delete files[id];
  [uploaded, troubles] = [[], []];
  upload = vi.fn<(fileId: string | null, bytes: Blob) => Promise<never>>();
  room = new RoomClient({ url: "/ws", you: { id: "u1", name: "Ana", role: "edit" }, doors: StubSocket.doors });
  const api = { files, getFiles: () => files, getSceneElementsIncludingDeleted: () => shown };
  loader = new FileLoader(api as unknown as BoardApi, room, upload, {
    uploaded: (id) => uploaded.push(id),
    failed: (trouble) => troubles.push(trouble),
    changed: () => undefined,
  });
  room.start();
});

afterEach(() => {
  loader.stop();
  room.stop();
  vi.useRealTimers();
});

function open() {
  StubSocket.latest.accept();
  StubSocket.latest.feed(welcome());
}

function paste() {
  files.f1 = picture;
  loader.check(shown, files as Files);
}

const later = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe("a pasted picture", () => {
  it("is kept on the device, uploaded, and then no longer kept", async () => {
    const [keep, drop] = [vi.spyOn(room, "storePicture"), vi.spyOn(room, "dropPicture")];
    open();
    upload.mockResolvedValue(kept);
    paste();
    expect(keep).toHaveBeenCalledWith(picture);
    expect(loader.isReady(shown[0]!)).toBe(false);
    await later();
    expect(uploaded).toEqual(["f1"]);
    expect(drop).toHaveBeenCalledWith("f1");
    expect(loader.isReady(shown[0]!)).toBe(true);
    expect(loader.pendingCount).toBe(0);
  });

  it("is uploaded once, however often the canvas changes", async () => {
    open();
    upload.mockResolvedValue(kept);
    for (let at = 0; at < 5; at++) paste();
    await later();
    paste();
    expect(upload).toHaveBeenCalledOnce();
  });

  it("without a line waits in silence, and goes as soon as there is one", async () => {
    upload.mockResolvedValue(kept);
    paste();
    await later(60_000);
    expect(upload).not.toHaveBeenCalled();
    expect([loader.pendingCount, loader.failedCount, troubles.length]).toEqual([1, 0, 0]);
    open();
    await later();
    expect(uploaded).toEqual(["f1"]);
  });

  it("that another page left is uploaded by this one", async () => {
    upload.mockResolvedValue(kept);
    room.picturesFound.send([picture]);
    loader.check(shown, files as Files);
    open();
    await later();
    expect(upload.mock.calls.map(([id]) => id)).toEqual(["f1"]);
  });

  it("is tried again by itself: a dropped line is no failure", async () => {
    open();
    upload.mockRejectedValueOnce(offline).mockResolvedValue(kept);
    paste();
    await later();
    expect([loader.pendingCount, loader.failedCount, troubles.length]).toEqual([1, 0, 0]);
    await later(1_100);
    expect(uploaded).toEqual(["f1"]);
  });

  it("that fails on and on is said to, and tried again on the next line or by hand", async () => {
    open();
    upload.mockRejectedValue(offline);
    paste();
    for (let at = 0; at < 5; at++) await later(5_000);
    expect(troubles.map(({ fileId }) => fileId)).toEqual(["f1"]);
    expect([loader.pendingCount, loader.failedCount]).toEqual([1, 1]);
    upload.mockResolvedValue(kept);
    StubSocket.latest.drop();
    await later(2_000);
    open();
    await later();
    expect(uploaded).toEqual(["f1"]);
    expect(loader.failedCount).toBe(0);
  });

  it("that the server refuses is said at once, and not tried again by itself", async () => {
    const drop = vi.spyOn(room, "dropPicture");
    open();
    upload.mockRejectedValue(tooBig);
    paste();
    await later();
    expect(troubles.map(({ error }) => error)).toEqual([tooBig]);
    StubSocket.latest.drop();
    await later(2_000);
    open();
    await later(60_000);
    expect(upload).toHaveBeenCalledOnce();
    expect(drop).not.toHaveBeenCalled();
    loader.giveUp("f1");
    expect(drop).toHaveBeenCalledWith("f1");
    expect(loader.pendingCount).toBe(0);
  });

  it("that had to be drawn once more goes by the name of what is stored, for its author too", async () => {
    open();
    upload.mockResolvedValue({ ...(kept as object), file_id: "drawn" } as never);
    files.f1 = { ...picture, dataURL: "data:image/svg+xml,<svg/>" };
    loader.check(shown, files as Files);
    await later();
    expect(upload.mock.calls.map(([id]) => id)).toEqual([null]);
    expect(addFiles).toHaveBeenCalledWith(expect.anything(), { drawn: expect.objectContaining({ file_id: "drawn" }) as unknown });
    expect(loader.isReady(element("p", { type: "image", fileId: "drawn" }) as unknown as SceneElement)).toBe(true);
  });

  it("waits while two others are on their way", async () => {
    open();
    const ends: (() => void)[] = [];
    upload.mockImplementation((id) => new Promise((resolve) => ends.push(() => resolve({ ...(kept as object), file_id: id } as never))));
    const many = ["f1", "f2", "f3"].map((id) => element(`e-${id}`, { type: "image", fileId: id })) as unknown as SceneElement[];
    for (const id of ["f1", "f2", "f3"]) files[id] = { ...picture, id };
    loader.check(many, files as Files);
    await vi.waitFor(() => expect(upload).toHaveBeenCalledTimes(2));
    await later(900);
    expect(upload).toHaveBeenCalledTimes(2);
    ends[0]!();
    await vi.waitFor(() => expect(upload.mock.calls.map(([id]) => id)).toEqual(["f1", "f2", "f3"]));
  });
});

it("what others call their picture is looked up among pictures alone", async () => {
  open();
  const foreign = [element("p", { type: "image", fileId: "constructor", status: "saved" })] as unknown as SceneElement[];
  loader.check(foreign, {} as Files);
  await later();
  expect(upload).not.toHaveBeenCalled();
  expect(loader.pendingCount).toBe(0);
  expect(loader.isReady(foreign[0]!)).toBe(true);
});
