import { describe, expect, it } from "vitest";
import { kinds } from "../test/checkpoint";
import { balanced, fromNote, hasStrength, strengthWords, strengthParams, toNote } from "./strength";

const { img2img, pix2pix, txt2img } = kinds;
const positions = strengthWords().map((_word, position) => position);

describe("strength in words", () => {
  it("Balanced is what the checkpoint calls its default", () => {
    expect(strengthParams(balanced, img2img)).toEqual({ strength: 0.6 });
    expect(strengthParams(balanced, pix2pix)).toEqual({ image_guidance_scale: 1.6 });
  });

  it("more freedom is more strength, and less guidance by the sketch", () => {
    const strengths = positions.map((position) => strengthParams(position, img2img).strength!);
    expect(strengths).toEqual([...strengths].sort((a, b) => a - b));
    expect(new Set(strengths).size).toBe(5);
    const guidance = positions.map((position) => strengthParams(position, pix2pix).image_guidance_scale!);
    expect(guidance).toEqual([...guidance].sort((a, b) => b - a));
  });

  it("stays within the checkpoint's limits", () => {
    expect(strengthParams(0, pix2pix).image_guidance_scale).toBe(2.5);
    expect(strengthParams(4, pix2pix).image_guidance_scale).toBeGreaterThanOrEqual(1);
    expect(strengthParams(0, { ...img2img, limits: { strength: [0.5, 0.7] } }).strength).toBe(0.5);
  });

  it("says nothing where nothing is heeded", () => {
    expect(hasStrength(txt2img)).toBe(false);
    expect(strengthParams(0, txt2img)).toEqual({});
  });

  it("comes back from the note on a frame, whoever wrote it", () => {
    for (const position of positions) expect(fromNote(toNote(position))).toBe(position);
    expect(fromNote(undefined)).toBe(balanced);
    expect(fromNote(0.6)).toBe(2);
    expect(fromNote(7)).toBe(4);
    expect(fromNote(NaN)).toBe(balanced);
  });
});
