import { describe, expect, it } from "vitest";
import shared from "../../../tests/shared/bounds_cases.json";
import { boundsOf, type Extent } from "./bounds";

describe("the bounds of an element, shared with the server", () => {
  it.each(shared.cases.map((c) => [c.name, c] as const))("%s", (_name, { element, bounds }) => {
    const { x, y, width, height } = boundsOf(element as Extent);
    [x, y, width, height].forEach((value, at) => expect(value).toBeCloseTo(bounds[at]!, 6));
  });
});
