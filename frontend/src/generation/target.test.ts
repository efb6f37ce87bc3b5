import backgrounds from "../../../tests/shared/background_cases.json";
import { describe, expect, it } from "vitest";
import { elementsSeen, onPaper, snapshotSize } from "./snapshot";
import { chooseTarget, type Shape } from "./target";

const view = { x: 0, y: 0, width: 1000, height: 800 };
const shape = (id: string, type: string, fields: Partial<Shape> = {}): Shape => ({ id, type, x: 0, y: 0, width: 100, height: 100, ...fields });
const frame = (id: string, x: number, fields: Partial<Shape> = {}) => shape(id, "frame", { x, y: 300, ...fields });
const aim = (elements: Shape[], ...selected: string[]) => chooseTarget(elements, new Set(selected), view)?.id ?? null;

describe("what Generate works on", () => {
  const scene = [frame("near", 450), frame("far", 0), shape("pic", "image"), shape("line", "freedraw", { frameId: "far" }), shape("loose", "rectangle")];

  it("the selected frame, the selected picture", () => {
    expect(aim(scene, "far")).toBe("far");
    expect(aim(scene, "pic")).toBe("pic");
  });

  it("the frame around what is selected", () => {
    expect(aim(scene, "line")).toBe("far");
    expect(aim(scene, "line", "far")).toBe("far");
    expect(aim(scene, "line", "loose")).toBe("near");
  });

  it("else the frame nearest to the middle of the view, none beyond the view", () => {
    expect(aim(scene)).toBe("near");
    expect(aim([frame("gone", 5000)])).toBeNull();
    expect(aim([])).toBeNull();
  });

  it("carries the frame's own prompt", () => {
    const noted = frame("f", 400, { name: "Sea", customData: { atelier: { prompt: "a boat", kind: "pix2pix", strength: 0.25 } } });
    expect(chooseTarget([noted], new Set(), view)).toMatchObject({ title: "Sea", prompt: "a boat", kind: "pix2pix", strength: 0.25 });
    const odd = frame("f", 400, { customData: { atelier: null } });
    expect(chooseTarget([odd], new Set(), view)).toMatchObject({ prompt: "" });
  });
});

describe("what the model sees", () => {
  const target = { id: "f", shape: "frame" as const, region: { x: 0, y: 0, width: 100, height: 100 } };
  const result = (id: string, source: string | null) => shape(id, "image", { customData: { atelier: { job: "j", source } } });
  const seen = (elements: Shape[], aimed: Parameters<typeof elementsSeen>[1] = target) => elementsSeen(elements, aimed).map(({ id }) => id);

  it("the drawing, without frames, what is elsewhere, and what belongs to another frame", () => {
    const elements = [shape("in", "rectangle"), shape("away", "rectangle", { x: 900 }), shape("f", "frame"), shape("theirs", "ellipse", { frameId: "g" }), shape("gone", "line", { isDeleted: true })];
    expect(seen(elements)).toEqual(["in"]);
  });

  it("never an earlier result of this frame, but one of another frame that was laid here", () => {
    expect(seen([result("own", "f"), result("nowhere", null), result("other", "g"), shape("photo", "image")])).toEqual(["other", "photo"]);
  });

  it("a picture that is itself the target", () => {
    expect(seen([result("p", "f"), shape("ink", "freedraw")], { ...target, id: "p", shape: "picture" })).toEqual(["p", "ink"]);
  });

  it("is never larger than 1024 pixels, and small ones are enlarged for the sake of thin lines", () => {
    expect(snapshotSize({ x: 0, y: 0, width: 4000, height: 2000 })).toMatchObject({ width: 1024, height: 512 });
    expect(snapshotSize({ x: 0, y: 0, width: 100, height: 50 })).toMatchObject({ width: 512, height: 256 });
    expect(snapshotSize({ x: 0, y: 0, width: 700, height: 700 })).toMatchObject({ width: 1024 });
    expect(snapshotSize({ x: 0, y: 0, width: 0, height: 0 }).width).toBeGreaterThan(0);
  });

  it.each(backgrounds.on_paper)("%s is the ground %s", (background, ground) => expect(onPaper(background!)).toBe(ground));
});
