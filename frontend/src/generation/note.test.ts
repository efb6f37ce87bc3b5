import { describe, expect, it } from "vitest";
import { noteOf } from "./note";

const note = (atelier: unknown) => noteOf({ customData: { atelier } });
const whole = { prompt: "a boat", kind: "pix2pix", strength: 0.25, seed: 2, job: "j", image: "i", source: null, draft: true };

describe("the note on an element", () => {
  it("is read as it was written", () => {
    expect(note(whole)).toEqual(whole);
    expect(noteOf({})).toEqual({});
  });

  it.each([5, "x", null, true, [], [5], { prompt: 5 }, { prompt: { a: 1 } }, { prompt: ["a"] }, { prompt: null }])("holds nothing where %j was written", (odd) => {
    expect(note(odd)).toEqual({});
  });

  it("keeps the name of any kind: the checkpoint says which there are", () => {
    expect(note({ kind: "colourise" })).toEqual({ kind: "colourise" });
    for (const kind of [3, null, ["img2img"]]) expect(note({ prompt: "a", kind })).toEqual({ prompt: "a" });
  });

  it("takes each field only in its own type", () => {
    const odd = { strength: "0.5", seed: 1.5, job: 1, image: {}, source: 4, draft: "yes" };
    expect(note({ ...odd, prompt: "a" })).toEqual({ prompt: "a" });
    for (const strength of [-1, 1.5, NaN, Infinity]) expect(note({ strength })).toEqual({});
  });

  it("ignores what is only inherited", () => {
    expect(note(Object.create({ prompt: "a" }))).toEqual({});
    expect(note(JSON.parse('{"__proto__": {"prompt": "a"}}'))).toEqual({});
  });
});
