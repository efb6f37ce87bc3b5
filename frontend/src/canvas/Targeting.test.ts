// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { CanvasSession } from "./CanvasSession";
import { LiveView } from "./LiveView";
import { signatureOf, Targeting } from "./Targeting";

const drawRegion = vi.hoisted(() => vi.fn<(...given: unknown[]) => Promise<Blob>>(() => Promise.resolve(new Blob())));
vi.mock("./excalidraw", () => ({
  drawRegion,
  backgroundOf: (api: { getAppState(): { viewBackgroundColor: string } }) => api.getAppState().viewBackgroundColor,
  inView: () => ({ x: 0, y: 0, width: 500, height: 500 }),
  selectOnly: () => undefined,
}));

const element = (id: string, type: string) => ({ id, type, x: 0, y: 0, width: 100, height: 100, version: 1, versionNonce: 1, fileId: `${id}.png` });
const target = { id: "f", shape: "frame" as const, title: "", prompt: "", region: { x: 0, y: 0, width: 100, height: 100 } };

describe("what is sent of a board", () => {
  let background: string;
  const changed = new Set<() => void>();
  const api = {
    getAppState: () => ({ viewBackgroundColor: background, selectedElementIds: {} }),
    getSceneElements: () => [element("f", "frame"), element("p", "image"), element("l", "line")],
    getFiles: () => ({}),
    onChange: (listener: () => void) => changed.add(listener) && (() => undefined),
    onScrollChange: () => () => undefined,
  };
  const targeting = () => new Targeting(api as never, { statusChanged: { on: () => () => undefined } } as never, {} as never);
  const live = () => new LiveView({ canvas: api } as unknown as CanvasSession);
  const ground = () => drawRegion.mock.lastCall![4];

  beforeEach(() => void (background = "#1e1e1e"));

  it("lies on the board's background, on white where that is transparent", async () => {
    await targeting().snapshot(target);
    expect(ground()).toBe("#1e1e1e");
    await live().jpeg("f");
    expect(ground()).toBe("#1e1e1e");
    background = "transparent";
    await targeting().snapshot(target);
    expect(ground()).toBe("#ffffff");
    await live().jpeg("f");
    expect(ground()).toBe("#ffffff");
  });

  it("but a mask is white where no picture is", async () => {
    await targeting().mask(target);
    expect(ground()).toBe("#ffffff");
    await targeting().snapshot(target, 1024, "pictures_and_mask");
    expect(ground()).toBe("#1e1e1e");
  });

  it("is another one as soon as the background is", async () => {
    vi.useFakeTimers();
    const [view, panel] = [live(), targeting()];
    const before = [view.look("f"), panel.seen()] as const;
    background = "#1e1e1f";
    for (const listener of changed) listener();
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    expect(view.look("f")).not.toBe(before[0]);
    expect(panel.seen()).toBe(before[1] + 1);
  });

  it("is another one as soon as a file is there, however much lies before it", () => {
    const many = [...Array.from({ length: 30 }, (_, at) => ({ ...element(`${at}`, "line"), versionNonce: 2_000_000_000 - at })), element("p", "image")];
    const signature = (files: Record<string, unknown>) => signatureOf(many as never, target, files, background);
    expect(signature({ "p.png": {} })).not.toBe(signature({}));
  });
});

describe("what is aimed at", () => {
  const picture = { ...element("p", "image"), x: 200 };
  let selectedElementIds: Record<string, true>;
  let elements: object[];
  const changed = new Set<() => void>();
  const api = {
    getAppState: () => ({ viewBackgroundColor: "#ffffff", selectedElementIds }),
    getSceneElements: () => elements,
    getFiles: () => ({}),
    onChange: (listener: () => void) => changed.add(listener) && (() => undefined),
    onScrollChange: () => () => undefined,
  };
  const look = () => {
    for (const listener of changed) listener();
    vi.runAllTimers();
  };
  const open = () => new Targeting(api as never, { statusChanged: { on: () => () => undefined } } as never, {} as never);

  beforeEach(() => {
    vi.useFakeTimers();
    changed.clear();
    selectedElementIds = { p: true };
    elements = [element("f", "frame"), picture];
    return () => void vi.useRealTimers();
  });

  it("changes at once on request, though the canvas selects a moment later", () => {
    const targeting = open();
    expect(targeting.target()?.id).toBe("p");
    expect(targeting.aimAt("f")).toBe(true);
    expect(targeting.target()?.id).toBe("f");
    expect(targeting.aimAt("gone")).toBe(false);
  });

  it("stays with a picture that is drawn over, until something else is chosen", () => {
    const targeting = open();
    targeting.hold("p");
    selectedElementIds = {};
    elements = [...elements, { ...element("l", "freedraw"), x: 210 }];
    look();
    expect(targeting.target()?.id).toBe("p");
    selectedElementIds = { f: true };
    look();
    expect(targeting.target()?.id).toBe("f");
    selectedElementIds = {};
    targeting.hold(null);
    look();
    expect(targeting.target()?.id).toBe("f");
  });
});
