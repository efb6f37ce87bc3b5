import { describe, expect, it, vi } from "vitest";
import { ApiError, type Api } from "../api/client";
import type { Imported } from "../api/types";
import { Notices } from "../ui/notices";
import type { ExchangePort } from "./ExchangePort";
import { sorted } from "./drop";
import { holdsScene, isDocument, mayHoldScene } from "./files";
import { importFiles, outcomeText } from "./importing";
import { fileName, possibleScale } from "./limits";
import { isDocumentText } from "./paste";

const nothing: Imported = { clock: 1, kind: "scene", items: null, added: 0, updated: 0, revived: 0, deleted: 0, unchanged: 0, added_ids: [], updated_ids: [], revived_ids: [], refused: [], notes: [] };
const refusal = { id: "x", code: "bad_element", message: "It is malformed." };
const links = { code: "links", count: 3, message: "3 links were removed: only web and mail links are kept." };
const scene = new Blob(["\x89PNG…tEXtapplication/vnd.excalidraw+json\0{}"]);
const named = (name: string, content: BlobPart = "x", type = "") => new File([content], name, { type });

describe("what may be brought", () => {
  it.each(["a.excalidraw", "A.EXCALIDRAWLIB", "board.zip"])("%s is a document", (name) => expect(isDocument({ name })).toBe(true));
  it("a picture may hold a scene, by name or by type", () => {
    expect(mayHoldScene({ name: "a.svg", type: "" })).toBe(true);
    expect(mayHoldScene({ name: "pasted", type: "image/png" })).toBe(true);
    expect(mayHoldScene({ name: "a.jpg", type: "image/jpeg" })).toBe(false);
  });
  it("is told by what is in it", async () => {
    expect(await holdsScene(scene)).toBe(true);
    expect(await holdsScene(new Blob(["just a picture"]))).toBe(false);
  });
  it("leaves plain pictures to the canvas", async () => {
    const files = [named("a.excalidraw"), named("plain.png"), named("board.png", scene), named("photo.jpg")];
    const { scenes, others } = await sorted(files);
    expect(scenes.map(({ name }) => name)).toEqual(["a.excalidraw", "board.png"]);
    expect(others.map(({ name }) => name)).toEqual(["plain.png", "photo.jpg"]);
  });
});

describe("pasted text", () => {
  it.each([
    ['{"type": "excalidraw", "elements": []}', true],
    [' {\n "version": 2,\n "type":"excalidrawlib"}', true],
    ['{"type":"excalidraw/clipboard","elements":[]}', false],
    ['{"type":"excalidraw-api/clipboard","elements":[]}', false],
    ['say "type": "excalidraw"', false],
    ['{"type": "FeatureCollection"}', false],
  ])("%s is a board file: %s", (text, is) => expect(isDocumentText(text)).toBe(is));
});

describe("what came of an import", () => {
  it.each<[string, Partial<Imported>]>([
    ["a: 1 element added.", { added: 1 }],
    ["a: 2 elements added, 1 element updated.", { added: 2, updated: 1 }],
    ["a: 3 elements updated.", { updated: 3 }],
    ["Everything in a is already on this board.", { unchanged: 3 }],
    ["a: 2 elements brought back that had been deleted here.", { revived: 2, unchanged: 1 }],
    ["a: 3 elements added, 1 element updated, 2 elements brought back that had been deleted here.", { added: 3, updated: 1, revived: 2 }],
    ["a: 1 element added. 3 links were removed: only web and mail links are kept.", { added: 1, notes: [links] }],
    ["3 links were removed: only web and mail links are kept.", { notes: [links] }],
    ["2 parts of a could not be imported: It is malformed. It is too far away.", { refused: [refusal, { ...refusal, message: "It is too far away." }] }],
    ["a is empty. Nothing was added.", {}],
    ["a: 4 items of the library added.", { kind: "library", items: 4, added: 9 }],
    ["a: 1 element added. 1 part of a could not be imported: It is malformed.", { added: 1, refused: [refusal] }],
    ["2 parts of a could not be imported: It is malformed.", { refused: [refusal, refusal] }],
  ])("%s", (text, outcome) => expect(outcomeText("a", { ...nothing, ...outcome })).toBe(text));
});

describe("an import", () => {
  const set = (answer: () => Promise<Imported>, mayEdit = true) => {
    const notices = new Notices();
    const undo = vi.fn();
    const importFile = vi.fn(answer);
    const port = { mayEdit, title: "", remember: () => undo, reveal: vi.fn(), showAsEdit: (request: () => unknown) => request() } as unknown as ExchangePort;
    const importer = { api: { importFile } as unknown as Api, board: "b", port, notices };
    return { importer, notices, undo, port, importFile, said: () => notices.list().at(-1) };
  };

  it("shows what arrived and can be taken back", async () => {
    const done = { ...nothing, added: 1, added_ids: ["n"] };
    const { importer, port, undo, said } = set(async () => done);
    await importFiles([named("a.excalidraw")], importer);
    expect(port.reveal).toHaveBeenCalledWith(["n"]);
    expect(said()).toMatchObject({ tone: "info", action: { label: "Undo" } });
    said()!.action!.run();
    expect(undo).toHaveBeenCalledWith(done);
  });

  it("shows what was deleted here and came back, which can be taken back as well", async () => {
    const done = { ...nothing, revived: 1, revived_ids: ["r"] };
    const { importer, port, undo, said } = set(async () => done);
    await importFiles([named("a.excalidraw")], importer);
    expect(port.reveal).toHaveBeenCalledWith(["r"]);
    said()!.action!.run();
    expect(undo).toHaveBeenCalledWith(done);
  });

  it("stays until it was read where something came otherwise than it was", async () => {
    const { importer, said } = set(async () => ({ ...nothing, added: 1, notes: [links] }));
    await importFiles([named("a.excalidraw")], importer);
    expect(said()).toMatchObject({ tone: "info", seconds: null });
  });

  it("offers a copy of what is there already", async () => {
    const { importer, importFile, said } = set(async () => ({ ...nothing, unchanged: 2 }));
    await importFiles([named("a.excalidraw")], importer);
    expect(said()!.action!.label).toBe("Add a copy");
    said()!.action!.run();
    expect(importFile).toHaveBeenLastCalledWith("b", expect.any(File), "copy");
  });

  it("says so while it lasts, and once for each file", async () => {
    let answer: (done: Imported) => void = () => {};
    const { importer, said } = set(() => new Promise((resolve) => (answer = resolve)));
    const going = importFiles([named("a.zip")], importer);
    expect(said()).toMatchObject({ text: "Importing a.zip…", seconds: null });
    answer(nothing);
    await going;
    expect(importer.notices.list()).toHaveLength(1);
  });

  it("is not tried by those who may only look", async () => {
    const { importer, importFile, said } = set(async () => nothing, false);
    await importFiles([named("a.zip")], importer);
    expect(importFile).not.toHaveBeenCalled();
    expect(said()!.tone).toBe("problem");
  });

  it.each([
    [new ApiError(422, "no_scene", "…"), "a.png is only a picture"],
    [new ApiError(0, "offline", "The server could not be reached."), "a.png was not imported. The server could not be reached."],
  ])("says why it failed", async (error, text) => {
    const { importer, said } = set(() => Promise.reject(error));
    await importFiles([named("a.png")], importer);
    expect(said()!.text).toContain(text);
    expect(said()!.tone).toBe("problem");
  });
});

describe("the limits of a picture", () => {
  it("is no larger than a browser can draw", () => {
    expect(possibleScale(2, { width: 100, height: 100 })).toBe(2);
    expect(possibleScale(3, { width: 10_000, height: 10 }) * 10_000).toBeCloseTo(16_384);
    const scale = possibleScale(3, { width: 15_000, height: 15_000 });
    expect((scale * 15_000) ** 2).toBeCloseTo(120_000_000);
  });
  it.each([["A / B: c", "A B c.png"], ["…", "….png"], [" . ", "board.png"], ["x\r\ny", "x y.png"]])("names a file after %j", (title, name) =>
    expect(fileName(title, "png")).toBe(name),
  );
});
