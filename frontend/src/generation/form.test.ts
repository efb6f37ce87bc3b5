import { describe, expect, it } from "vitest";
import { checkpoint, kinds } from "../test/checkpoint";
import type { Checkpoint } from "../api/types";
import { blank, checkpointOf, kindOf, kindsOffered, paramsOf, recalled, withKind } from "./form";

describe("params", () => {
  it("holds only what the kind heeds: the server refuses others", () => {
    const form = { ...blank, negative: "blurry", numbers: { image_guidance_scale: 2 } };
    expect(paramsOf(form, checkpoint, " a house ")).toEqual({
      kind: "img2img", checkpoint: "bundled", prompt: "a house", count: 1, seed: null, strength: 0.6, guidance_scale: 3, steps: 12,
    });
    expect(paramsOf({ ...form, kind: "pix2pix" }, checkpoint, "night")).toMatchObject({ negative_prompt: "blurry", image_guidance_scale: 2 });
    expect(paramsOf({ ...form, kind: "txt2img" }, checkpoint, "x")).not.toHaveProperty("strength");
  });

  it("a number typed by hand wins over the slider", () => {
    expect(paramsOf({ ...blank, position: 4, numbers: { strength: 0.42 } }, checkpoint, "x").strength).toBe(0.42);
    expect(paramsOf({ ...blank, position: 4 }, checkpoint, "x").strength).toBe(0.97);
  });

  it("sends the seed only while it is locked, also when it is 0", () => {
    expect(paramsOf({ ...blank, seed: 7, seedLocked: false }, checkpoint, "x").seed).toBeNull();
    expect(paramsOf({ ...blank, seed: 0, seedLocked: true }, checkpoint, "x").seed).toBe(0);
  });

  it("falls back to what there is", () => {
    const other = { ...checkpoint, name: "other", default: false, kinds: { txt2img: checkpoint.kinds.txt2img! }, default_kind: "txt2img" as const };
    expect(checkpointOf({ ...blank, checkpoint: "gone" }, [other, checkpoint])!.name).toBe("bundled");
    for (const kind of ["pix2pix", "constructor", "__proto__", "toString", ""]) expect(kindOf({ ...blank, kind }, other)).toBe("txt2img");
  });
});

describe("a recall", () => {
  const params = { kind: "pix2pix" as const, prompt: "night", negative_prompt: "fog", steps: 9, image_guidance_scale: 2, seed: 0, count: 3, width_px: 512, height_px: 256, checkpoint: "bundled", style: null };

  it("of everything gives the same request again", () => {
    const form = recalled({ ...blank, position: 4, placement: "inside" }, { params, part: "all" });
    expect(paramsOf(form, checkpoint, params.prompt)).toMatchObject({ kind: "pix2pix", negative_prompt: "fog", steps: 9, image_guidance_scale: 2, seed: 0, count: 3 });
    expect(form.placement).toBe("inside");
  });

  it("of a draft leaves its steps to the draft", () => {
    expect(recalled(blank, { params: { ...params, draft: true }, part: "all" }).numbers).not.toHaveProperty("steps");
  });

  it("of a part leaves the rest alone", () => {
    const form = { ...blank, negative: "mine", count: 2 };
    expect(recalled(form, { params, part: "seed" })).toEqual({ ...form, seed: 0, seedLocked: true });
    expect(recalled(form, { params, part: "size" })).toEqual({ ...form, size: { width_px: 512, height_px: 256 }, longest: null });
    expect(recalled(form, { params, part: "prompt" })).toEqual({ ...form, negative: "fog", style: null });
  });

  it("of a size sends it where the kind heeds it", () => {
    const form = recalled(blank, { params, part: "size" });
    const sized = { ...checkpoint, kinds: { img2img: { ...checkpoint.kinds.img2img!, uses: [...checkpoint.kinds.img2img!.uses, "width_px", "height_px"] } } };
    expect(paramsOf(form, sized, "x")).toMatchObject({ width_px: 512, height_px: 256 });
    expect(paramsOf(form, checkpoint, "x")).not.toHaveProperty("width_px");
    expect(paramsOf({ ...blank, longest: 768 }, sized, "x", { x: 0, y: 0, width: 1, height: 2 })).toMatchObject({ height_px: 768 });
  });
});

describe("the kinds offered", () => {
  const { img2img, pix2pix, txt2img } = kinds;
  const making = (name: string, kinds: Checkpoint["kinds"], fields: Partial<Checkpoint> = {}) => ({ ...checkpoint, name, kinds, default: false, ...fields });
  const names = (...given: Parameters<typeof kindsOffered>) => kindsOffered(...given).map(({ name }) => name);

  it("keep one order, whichever checkpoint is chosen", () => {
    const all = [making("words", { txt2img }), checkpoint, making("painter", { inpaint: img2img })];
    for (const chosen of all) expect(names(chosen, all)).toEqual(["img2img", "pix2pix", "txt2img", "inpaint"]);
  });

  it("bring the words of the checkpoint that will make them, and leave out what nobody can make", () => {
    const mine = { ...checkpoint, kinds: { txt2img } };
    const all = [mine, making("broken", { pix2pix }, { status: "failed" }), making("a", { img2img: { ...img2img, title: "Paint" } })];
    expect(kindsOffered(mine, all).map(({ kind }) => kind.title)).toEqual(["Words only", "Paint"]);
    expect(withKind("img2img", mine, all).checkpoint).toBe("a");
  });
});
