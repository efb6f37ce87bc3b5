import { describe, expect, it } from "vitest";
import { checkpoint } from "../test/checkpoint";
import { blank, checkpointOf, kindOf, paramsOf } from "./form";

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
    expect(kindOf({ ...blank, kind: "pix2pix" }, other)).toBe("txt2img");
  });
});
