import { default_limits } from "../room/limits";
import type { Welcome } from "../room/messages";
import type { WireElement } from "../room/protocol";

/** A rectangle as it travels, with whatever a test cares about. */
export function element(id: string, fields: Partial<WireElement> = {}): WireElement {
  return { id, type: "rectangle", version: 1, versionNonce: 1, index: "a0", x: 0, y: 0, width: 10, height: 10, ...fields };
}

/** The answer to `hello`: an empty board at clock 10, complete. */
export function welcome(fields: Partial<Welcome> = {}): Welcome {
  return {
    type: "welcome", protocol: 1, session: "s1", you: { id: "u1", name: "Ana", color: "red", role: "edit" }, clock: 10,
    frozen: false, complete: true, more: false, background: "", limits: default_limits, live: null,
    elements: [], files: {}, collaborators: {}, jobs: [], ...fields,
  };
}
