import { describe, expect, it } from "vitest";
import { isInPlace, showOf } from "./inPlace";

describe("pictures that take the place of another", () => {
  it("do so at once or when they are accepted", () => {
    expect(isInPlace({ placement: "in_place", accepted_placement: "beside" })).toBe(true);
    expect(isInPlace({ placement: "stage", accepted_placement: "in_place" })).toBe(true);
    expect(isInPlace({ placement: "beside", accepted_placement: "in_place" })).toBe(false);
    expect(isInPlace({ placement: null, accepted_placement: null })).toBe(false);
  });

  it("are shown as the picture is: turned, mirrored and cropped", () => {
    expect(showOf({ angle: 1, scale: [-1, 1], crop: null })).toEqual({ layer: "rotate(1rad) scale(-1, 1)", picture: { left: "0%", top: "0%", width: "100%", height: "100%" } });
    const crop = { x: 50, y: 20, width: 100, height: 80, naturalWidth: 200, naturalHeight: 160 };
    expect(showOf({ angle: 0, scale: [1, 1], crop }).picture).toEqual({ left: "-50%", top: "-25%", width: "200%", height: "200%" });
  });
});
