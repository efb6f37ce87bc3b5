import { describe, expect, it } from "vitest";
import { Outbox } from "./Outbox";
import type { WireElement } from "./protocol";

const version = (x: number): WireElement => ({ id: "box", type: "rectangle", version: 2, versionNonce: 7, index: "a1", x });

describe("a complete scene", () => {
  it("is the truth about what has the rank of what was told before", () => {
    const outbox = new Outbox();
    outbox.receive([version(1)]);
    expect(outbox.startOver(new Map([["box", version(2)]]))).toEqual(new Map([["box", version(2)]]));
    expect(outbox.startOver(new Map([["box", version(2)]]))).toEqual(new Map());
  });

  it("says nothing new where it has the same", () => {
    const outbox = new Outbox();
    outbox.receive([version(1)]);
    expect(outbox.startOver(new Map([["box", version(1)]])).size).toBe(0);
  });
});
