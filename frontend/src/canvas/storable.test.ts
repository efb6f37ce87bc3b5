import { describe, expect, it } from "vitest";
import { isStorable } from "./storable";

describe("what the server keeps of an SVG", () => {
  it.each([
    '<svg><filter id="f"/></svg>',
    "<svg><x:foreignObject/></svg>",
    '<svg><g style="fill:red; filter: blur(3px)"/></svg>',
    "<svg><style>.a{-webkit-filter:blur(3px)}</style></svg>",
    '<svg><g filter = "blur(3px)"/></svg>',
  ])("is not all of %s", (svg) => expect(isStorable(svg)).toBe(false));

  it.each(['<svg><rect fill="red"/></svg>', "<svg><text>A filter for coffee</text></svg>"])("is all of %s", (svg) => expect(isStorable(svg)).toBe(true));
});
