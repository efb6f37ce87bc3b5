import type { WireElement } from "../room/protocol";

/** A rectangle as it travels, with whatever a test cares about. */
export function element(id: string, fields: Partial<WireElement> = {}): WireElement {
  return { id, type: "rectangle", version: 1, versionNonce: 1, index: "a0", x: 0, y: 0, width: 10, height: 10, ...fields };
}
